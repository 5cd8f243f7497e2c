// The runs that can be drawn, as chips that show and hide them.

import { replace } from "../lib/dom.js";
import { html } from "../lib/html.js";
import { swatch } from "../lib/looks.js";
import * as runs from "../runs.js";
import * as selection from "../selection.js";

const hasBegun = run => run.epoch > 0 || run.step > 0 || run.status === "running";

export function drawable() {
  const begun = runs.all().filter(run => runs.isTraining(run) && hasBegun(run));
  return begun.filter(
    (run, index) => index < selection.MOST || run.reference || selection.has(run.id),
  );
}

const chipOf = run => html`
  <button type="button" class="pd-chip" data-toggle="${run.id}" aria-pressed="${String(selection.has(run.id))}">
    ${swatch(runs.lookOf(run.id))}<span>${run.name}</span>${run.reference && html`<small>reference</small>`}</button>`;

export function drawChips(chips) {
  const focused = chips.contains(document.activeElement) && document.activeElement.dataset.toggle;
  const all = drawable().map(chipOf);
  replace(chips, all.length ? html`${all}` : html`<p class="pd-quiet">No run has begun yet.</p>`);
  if (focused) [...chips.children].find(chip => chip.dataset.toggle === focused)?.focus();
}
