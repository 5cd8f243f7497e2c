// One short message at the foot of the page; its animation rests while a person reads it.

import { html } from "../lib/html.js";
import { _ } from "../lib/texts.js";

export function toast(text, { undo, isProblem = false } = {}) {
  const message = document.createElement("div");
  message.className = "pd-toast";
  message.setAttribute("role", isProblem ? "alert" : "status");
  message.innerHTML = html`<span>${text}</span>
    ${undo && html`<button type="button" class="pd-button" data-undo>${_("Undo")}</button>`}
    <button type="button" class="pd-button" aria-label="${_("Dismiss")}">✕</button>`;
  document.querySelector(".pd-toasts").replaceChildren(message);
  message.addEventListener("animationend", () => message.remove());
  message.addEventListener("click", ({ target }) => {
    if (target.closest("[data-undo]")) undo();
    if (target.closest("button")) message.remove();
  });
}
