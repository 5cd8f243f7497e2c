// What several parts of the page do to it.

import { when } from "./format.js";
import { html } from "./html.js";

const written = new WeakMap();

// Writes HTML, or escaped text, only where it is another than the last: focus and scrolling stay.
export function replace(element, content) {
  const text = String(html`${content}`);
  if (!element || written.get(element) === text) return;
  written.set(element, text);
  element.innerHTML = text;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Calls `act` with the value of an attribute, and the button that has it, when such a one is pressed.
export function whenPressed(attribute, act) {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest(`button[${attribute}]`);
    if (button) act(button.getAttribute(attribute), button);
  });
}

// Links within the page: against the base of Gradio's document they would lose the query, and load anew.
export function followLinksWithin() {
  document.addEventListener("click", event => {
    const hash = event.target.closest?.('a[href^="#"]')?.hash;
    if (!hash || event.defaultPrevented) return;
    event.preventDefault();
    history.replaceState(null, "", `${location.pathname}${location.search}`);
    location.hash = hash;
  });
}

// The server's times, in the browser's zone.
export function showTimes(element) {
  for (const time of element.querySelectorAll("time"))
    setText(time, when(time.dateTime).replace(" ", "\u00a0"));
}

// Gradio takes no clicks before it has set the page up.
export function openTab(id, tries = 200) {
  const tab = document.querySelector(`#tabs button[role=tab][data-tab-id="${id}"]`);
  if (tab?.getAttribute("aria-selected") === "true") return;
  tab?.click();
  if (tries) setTimeout(openTab, 50, id, tries - 1);
}

export function openDialog(content) {
  document.body.insertAdjacentHTML("beforeend", content);
  const dialog = document.body.lastElementChild;
  dialog.addEventListener("close", () => dialog.remove());
  showTimes(dialog);
  dialog.showModal();
}

export function save({ name, text, type = "text/plain" }) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([text], { type }));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
}

// What was kept in this browser under a name; nothing where it cannot be read.
export function recall(name, storage = localStorage) {
  try {
    return JSON.parse(storage.getItem(name)) || {};
  } catch {
    storage.removeItem(name);
    return {};
  }
}

// What is written into a form stays in this browser.
export function recallForm(form) {
  const { kept } = form.dataset;
  for (const [name, text] of Object.entries(recall(kept))) form.elements[name].value = text;
  form.addEventListener("input", () => keep(kept, Object.fromEntries(new FormData(form))));
}

export function keep(name, value, storage = localStorage) {
  try {
    storage.setItem(name, JSON.stringify(value));
  } catch {
    // Too long to be kept: rather none than an old one.
    storage.removeItem(name);
  }
}
