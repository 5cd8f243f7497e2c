// Refused values say why at their field, in sight, until they are changed.

import { html } from "../lib/html.js";

const STARTERS = "#start, #queue-all, #search-start";
const CHECKERS = `${STARTERS}, #paste-button, #find-rate`;
const TRIES = `${CHECKERS}, #adapter-import`;
const REFUSAL = "div.validation-error";

export function start() {
  document.addEventListener("click", ({ target }) => {
    if (target.closest(STARTERS)) setTimeout(showRefused, 200);
    if (target.closest(TRIES)) closeMessages();
  });
  keepRefusals();
}

// What Gradio tells in a corner of the page stays there until it is closed.
function closeMessages() {
  for (const button of document.querySelectorAll(".toast-body .toast-close")) button.click();
}

// Gradio has no event for a refused value: this looks for one a while, and brings it into sight.
function showRefused(tries = 120, isOpened = false) {
  const notes = document.querySelectorAll("#sidebar .validation-error, #sidebar .pd-kept");
  const wrong = [...notes].find(each => each.textContent);
  if (wrong?.offsetParent) return wrong.scrollIntoView({ block: "center", behavior: "smooth" });
  // Once only: on a busy machine a second click would close it again before it has opened.
  if (wrong && !isOpened) document.querySelector("#more-settings button").click();
  if (tries) setTimeout(showRefused, 50, tries - 1, isOpened || Boolean(wrong));
}

// Gradio takes a refusal away with any other event's answer; here it stays until its field changes.
function keepRefusals() {
  const form = document.getElementById("sidebar");
  // The header may be drawn before it.
  if (!form) return void setTimeout(keepRefusals, 100);
  const watcher = new MutationObserver(mutations => mutations.forEach(keepRefusal));
  watcher.observe(form, { childList: true, subtree: true });
  for (const kind of ["input", "change"]) form.addEventListener(kind, changed, true);
  form.addEventListener("click", ({ target }) => target.closest(CHECKERS) && forget(form), true);
}

const drop = holder => holder.querySelectorAll(".pd-kept").forEach(kept => void kept.remove());
const isRefusal = node => node.matches?.(REFUSAL);

function keepRefusal({ target, addedNodes, removedNodes }) {
  const block = target.closest?.(".block[id]");
  if (!block) return;
  if ([...addedNodes].some(isRefusal)) drop(block);
  const gone = [...removedNodes].find(isRefusal)?.textContent;
  if (!gone || block.dataset.changed || block.querySelector(REFUSAL)) return;
  drop(block);
  block.insertAdjacentHTML("beforeend", html`<p class="pd-kept" role="alert">${gone}</p>`);
}

function changed({ target }) {
  const block = target.closest?.("#sidebar .block[id]");
  if (!block) return;
  block.dataset.changed = "yes";
  drop(block);
}

function forget(form) {
  drop(form);
  for (const block of form.querySelectorAll("[data-changed]")) delete block.dataset.changed;
}
