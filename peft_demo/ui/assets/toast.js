// One short message at the foot of the page; its animation rests while a person reads it.

import { html } from "./lib/html.js";
import { _ } from "./lib/texts.js";

// `undo`: what takes it back, as a button of `asks.js` says it.
export function toast(text, { undo, isProblem = false } = {}) {
  const message = document.createElement("div");
  message.className = "pd-toast";
  message.setAttribute("role", isProblem ? "alert" : "status");
  message.innerHTML = html`<span>${text}</span>
    ${undo && html`<button type="button" class="pd-button" data-undo data-ask="act" data-with="${JSON.stringify(undo)}">${_("Undo")}</button>`}
    <button type="button" class="pd-button" aria-label="${_("Dismiss")}">✕</button>`;
  document.querySelector(".pd-toasts").replaceChildren(message);
  message.addEventListener("animationend", () => message.remove());
  message.addEventListener("click", ({ target }) => target.closest("button") && message.remove());
}
