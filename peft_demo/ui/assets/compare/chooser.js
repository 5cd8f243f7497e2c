// Where a person chooses what is compared.

import { ask } from "../gradio.js";
import { percent } from "../lib/format.js";
import { html, markup, named } from "../lib/html.js";
import { swatch } from "../lib/looks.js";
import { _ } from "../lib/texts.js";
import * as runs from "../runs.js";
import { isNone, MOST } from "./address.js";
import { fill, find, findAll } from "./layout.js";
import * as question from "./question.js";

const MOST_RUNS = 60;

export const choosable = () => runs.all().filter(run => run.kind !== "range_test");

export async function loadGroups() {
  const answer = await ask("groups");
  if (answer?.html) fill("groups", markup(answer.html));
  drawChooser();
}

export function drawChooser() {
  const asked = question.get();
  const chips = asked.ids.map(id => chipOf(id, runs.lookOf(id)));
  fill("chips", chips);
  const words = find(".pd-filter").value.toLowerCase().split(/\s+/);
  const fit = choosable().filter(run => words.every(word => searchedIn(run).includes(word)));
  const isFull = asked.ids.length >= MOST;
  const items = fit.slice(0, MOST_RUNS).map(run => itemOf(run, asked.ids, isFull));
  fill("list", items);
  for (const button of findAll("[data-group]")) {
    button.setAttribute("aria-pressed", button.dataset.group === asked.group);
  }
  for (const button of findAll("[data-copy], [data-print]")) button.hidden = isNone(asked);
}

const searchedIn = ({ name, summary, id, owner, tags }) =>
  [name, summary, id, owner, ...tags].join(" ").toLowerCase();

function chipOf(id, look) {
  const run = runs.get(id);
  const name = run?.name || id;
  return html`<button type="button" class="pd-chip" data-remove="${id}" aria-label="${_("Take %(name)s out", { name })}">
    ${run && swatch(look)}${named(name)}<small aria-hidden="true">✕</small></button>`;
}

function itemOf({ id, name, test, called, summary }, chosen, isFull) {
  const isChosen = chosen.includes(id);
  const state = isChosen ? "checked" : isFull && "disabled";
  return html`<li><label><input type="checkbox" value="${id}" ${state}>
    <span>${name}</span> <small>${test ? percent(test.accuracy) : called} · ${summary}</small></label></li>`;
}
