// One short message at the foot of the page, with a way back where there is one.

import { html } from "../lib/html.js";

const SHOWN_MS = 10_000;

export function toast(text, { undo, isProblem = false } = {}) {
  const message = document.createElement("div");
  message.className = "pd-toast";
  message.setAttribute("role", isProblem ? "alert" : "status");
  message.innerHTML = html`<span>${text}</span>
    ${undo && html`<button type="button" class="pd-button" data-undo>Undo</button>`}
    <button type="button" class="pd-button" data-dismiss aria-label="Dismiss">✕</button>`;
  document.querySelector(".pd-toasts").replaceChildren(message);
  let timer = 0;
  const stay = () => clearTimeout(timer);
  const leave = () => {
    timer = setTimeout(() => message.remove(), SHOWN_MS);
  };
  leave();
  // Who reads it or has reached its button keeps it.
  for (const kind of ["pointerenter", "focusin"]) message.addEventListener(kind, stay);
  for (const kind of ["pointerleave", "focusout"]) message.addEventListener(kind, leave);
  message.addEventListener("click", ({ target }) => {
    if (!target.closest("button")) return;
    if (target.closest("[data-undo]")) undo();
    stay();
    message.remove();
  });
}
