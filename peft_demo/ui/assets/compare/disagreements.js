// The test texts that split the compared runs, and those that all get wrong.

import { ask } from "../gradio.js";
import { html, markup } from "../lib/html.js";
import { dress } from "../lib/looks.js";
import { fill, part } from "./layout.js";

const FIRST = 10;
const MORE = 20;

let compared = [];
let limit = FIRST;
let list = "split";
let asked = "";
let found = null;

// Other runs are compared: begin with few again.
export function restart() {
  limit = FIRST;
  asked = "";
}

export function lengthen() {
  limit += MORE;
  refresh();
}

export function turnTo(name) {
  list = name;
  draw();
}

// What opens a text on the review page, with these adapters.
export const opening = index => ({ run_ids: found.run_ids, index });

// `runs`: the compared ones, with their looks.
export function show(runs) {
  compared = runs;
  refresh();
}

async function refresh() {
  const run_ids = compared.filter(run => run.quality).map(run => run.id);
  const wanted = `${run_ids.join()} ${limit}`;
  if (asked === wanted) return draw();
  asked = wanted;
  const answer = await ask("disagreements", { run_ids, limit });
  if (!answer || asked !== wanted) return;
  found = answer;
  draw();
}

function draw() {
  const lists = part("lists");
  if (!found || !lists) return;
  if (found.error) return fill("lists", html`<p class="pd-problem">${found.error}</p>`);
  fill("lists", markup(found.html));
  dress(lists, compared);
  for (const tab of lists.querySelectorAll("[data-list]")) {
    tab.setAttribute("aria-pressed", tab.dataset.list === list);
  }
  for (const each of lists.querySelectorAll("[data-listed]")) {
    each.hidden = each.dataset.listed !== list;
  }
}
