// present=1 in the address: large text, the form closed, and keys for who shows the page to others.

import { ask, know } from "./asks.js";
import { set as setForm } from "./form/sidebar.js";
import { setText } from "./lib/dom.js";
import { _ } from "./lib/texts.js";
import { all as tabs } from "./tabs.js";

// What takes these keys itself.
const TAKES_TEXT = "input, textarea, select, [contenteditable], [role=combobox], dialog";
const TAKES_SPACE = `${TAKES_TEXT}, button, a, summary`;

const page = document.documentElement;

export const isOn = new URLSearchParams(location.search).get("present") === "1";
if (isOn) page.dataset.present = "1";

export function start() {
  if (!isOn) return;
  know({ $address: address });
  setForm("closed");
  document.addEventListener("keydown", press);
  document.querySelector(".pd-keys-button").addEventListener("click", help);
}

function press(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest(TAKES_TEXT)) return;
  if (key === "?") help();
  else if (key === " " && !target.closest(TAKES_SPACE)) pause(event);
  else tabs()[key - 1]?.click();
}

// No news, nothing that moves, until the next press.
function pause(event) {
  event.preventDefault(); // or the page scrolls
  const isPaused = page.toggleAttribute("data-paused");
  setText(document.querySelector(".pd-paused"), isPaused ? _("Paused") : "");
}

function help() {
  const dialog = document.getElementById("pd-keys");
  dialog.showModal();
  ask(dialog.querySelector("[data-ask]"));
}

function address() {
  const shown = new URL(location.href);
  shown.searchParams.delete("present");
  return shown.href;
}
