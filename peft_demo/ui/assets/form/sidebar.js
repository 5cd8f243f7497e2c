// The form's place: on a narrow screen it covers the page or most of it, and what opens at its end needs to be scrolled to.

import { openTab } from "../lib/dom.js";

const OPENERS = "#several > button, #transfer > button, #more-settings > button";

const isNarrow = () => window.innerWidth < 1024;

// Tries of a tenth of a second: a slow machine takes its time to set the page up.
const TRIES = 200;

export function start() {
  // Gradio opens it some time after the page is there.
  if (isNarrow()) close(TRIES);
  document.addEventListener("click", ({ target }) => {
    // What opens at the form's end would open behind the start button.
    const parent = target.closest(OPENERS)?.parentElement;
    if (parent)
      setTimeout(() => parent.scrollIntoView({ block: "start", behavior: "smooth" }), 350);
  });
}

// To where the queued runs are seen.
export function leave() {
  if (isNarrow()) close();
  openTab("Train");
}

export function open() {
  const sidebar = document.getElementById("sidebar");
  if (!sidebar.classList.contains("open")) sidebar.querySelector(".toggle-button").click();
}

// The button that queues several runs, once their part of the form is filled and open.
export function showSeveral() {
  const button = document.getElementById("queue-all");
  setTimeout(() => button.scrollIntoView({ block: "center", behavior: "smooth" }), 600);
}

function close(tries = 1) {
  const sidebar = document.getElementById("sidebar");
  if (sidebar?.classList.contains("open")) sidebar.querySelector(".toggle-button").click();
  else if (tries > 1) setTimeout(close, 100, tries - 1);
}
