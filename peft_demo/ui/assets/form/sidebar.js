// The form's place: beside the page, and on a narrow screen over it, behind a button in the bar.

import { openTab } from "../lib/dom.js";

const OPENERS = "#several > button, #search > button, #transfer > button, #more-settings > button";

export const isNarrow = () => matchMedia("(max-width: 1023px)").matches;
const place = () => document.getElementById("sidebar");

export function start() {
  document.addEventListener("click", ({ target }) => {
    if (target.closest(".pd-form-toggle")) toggle();
    // What opens at the form's end would open behind the start button.
    const parent = target.closest(OPENERS)?.parentElement;
    if (parent)
      setTimeout(() => parent.scrollIntoView({ block: "start", behavior: "smooth" }), 350);
  });
}

// To where the queued runs are seen.
export function leave() {
  if (isNarrow()) set("closed");
  openTab("training");
}

export function open() {
  if (!document.querySelector(".pd-form-toggle").checkVisibility()) openTab("training");
  set("open");
}

// The button that queues several runs, once their part of the form is open and says how many.
export function showSeveral(tries = 60) {
  const button = document.getElementById("queue-all");
  if (button?.checkVisibility() && /\d/.test(button.textContent))
    setTimeout(() => button.scrollIntoView({ block: "nearest", behavior: "smooth" }), 600);
  else if (tries) setTimeout(showSeveral, 100, tries - 1);
}

function toggle() {
  if (place().checkVisibility()) return set("closed");
  set("open");
  place().tabIndex = -1;
  place().focus();
}

export function set(state) {
  document.body.dataset.form = state;
  document.querySelector(".pd-form-toggle").setAttribute("aria-expanded", state === "open");
}
