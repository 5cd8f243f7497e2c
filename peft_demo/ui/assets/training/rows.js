// Rows of runs: each shows or hides its run in the charts, says how far it is and what it reached.

import { replace, setText } from "../lib/dom.js";
import { percent } from "../lib/format.js";
import { html, named } from "../lib/html.js";
import { swatch } from "../lib/looks.js";
import { morph } from "../lib/morph.js";
import { _ } from "../lib/texts.js";
import * as runs from "../runs.js";
import * as selection from "../selection.js";

// More rows tell nothing that the table of all runs does not tell better.
const MOST_GOING = 16;
const MOST_OVER = 24;

// Of runs that come newest first: what goes on, in the order of the queue; the newest of what is over;
// and all that is in the charts, pinned, or came with the program.
export function listed(all) {
  const over = all.filter(runs.isOver);
  const kept = over.filter(
    (run, index) =>
      index < MOST_OVER || run.reference || selection.has(run.id) || selection.pinned() === run.id,
  );
  const going = all.filter(run => !runs.isOver(run)).reverse();
  return [...going.slice(0, MOST_GOING), ...kept];
}

export const drawRows = (holder, some) =>
  morph(
    holder,
    some.map(run => filled(newRow(run), run)),
  );

function newRow(run) {
  const row = document.querySelector(".pd-new-row").content.firstElementChild.cloneNode(true);
  row.dataset.run = run.id;
  row.id = `row-${run.id}`;
  row.style.setProperty("--run", runs.lookOf(run.id).colour);
  return row;
}

function filled(row, run) {
  const find = selector => row.querySelector(selector);
  const [chip, pin] = ["[data-toggle]", "[data-pin]"].map(find);
  chip.dataset.toggle = pin.dataset.pin = run.id;
  chip.disabled = !runs.isTraining(run);
  chip.setAttribute("aria-pressed", String(selection.has(run.id)));
  chip.title = `${run.name}: ${run.summary}`;
  const isOthers = !run.reference && !runs.isMine(run);
  const by = isOthers && html`<small class="pd-by">${run.owner}</small>`;
  const more = !runs.isTraining(run) && html`<small>${run.summary}</small>`;
  replace(chip, html`${swatch(runs.lookOf(run.id))}${named(run.name)}${by}${more}`);
  const bar = find(".pd-progress");
  bar.hidden = run.status !== "running";
  showProgress(bar, run);
  find(".pd-state").dataset.state = run.status;
  setText(find(".pd-state"), run.reference ? _("reference") : run.called);
  setText(find(".pd-now"), run.reference ? "" : run.state);
  replace(find(".pd-reached"), reached(run));
  offer(row, run);
  pin.hidden = !run.test;
  pin.setAttribute("aria-pressed", String(selection.pinned() === run.id));
  find("[data-action=details]").ariaLabel = _("Details of %(name)s", run);
  pin.ariaLabel = _("Pin %(name)s: others are measured by it", run);
  return row;
}

// Shows the buttons for what can be done to a run now; `data-can` says what with whose name.
export function offer(part, run) {
  for (const button of part.querySelectorAll("[data-can]")) {
    button.hidden = !run.can?.includes(button.dataset.action) || !runs.mayChange(run);
    button.ariaLabel = _(button.dataset.can, run);
  }
}

function reached({ test, eval_accuracy: validation, status }) {
  if (test) {
    const between = _("%(low)s to %(high)s", { low: percent(test.low), high: percent(test.high) });
    return html`<b>${percent(test.accuracy)}</b> <small>${between}</small>`;
  }
  if (status !== "running" || validation == null) return "";
  return html`<small>${_("%(share)s in validation", { share: percent(validation) })}</small>`;
}

export function showProgress(bar, run) {
  const share = run.status === "completed" ? 1 : run.max_steps ? run.step / run.max_steps : 0;
  const isBusy = run.status === "running" && (share === 0 || run.phase !== "Training");
  bar.setAttribute("aria-valuenow", Math.round(100 * share));
  bar.setAttribute("aria-label", _("Progress of %(name)s", run));
  bar.classList.toggle("pd-busy", isBusy);
  bar.firstElementChild.style.width = `${100 * share}%`;
}
