// The test reviews that split the compared runs, and those that all get wrong.

import { ask } from "../gradio.js";
import { percent, whole } from "../lib/format.js";
import { cut, html } from "../lib/html.js";
import { swatch } from "../lib/looks.js";
import { fill, part } from "./layout.js";

const MOST_LISTED = 200;
const FIRST = 10;
const MORE = 20;
const LISTS = {
  split: {
    title: "Some right, some wrong",
    order: "the widest gap between two probabilities",
    count: found => found.num_split,
  },
  all_wrong: {
    title: "All wrong",
    order: "the surest mistakes",
    count: found => found.num_all_wrong,
  },
};

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

// What opens a review on the review page, with these adapters.
export const opening = index => ({ run_ids: found.run_ids, index });

// `runs`: the compared ones, with their looks.
export function show(runs) {
  compared = runs;
  refresh();
}

async function refresh() {
  const run_ids = compared.filter(run => run.quality).map(run => run.run_id);
  const wanted = `${run_ids.join()} ${limit}`;
  if (asked === wanted) return draw();
  asked = wanted;
  const answer = await ask("disagreements", { run_ids, limit });
  if (!answer || asked !== wanted) return;
  found = answer;
  draw();
}

function draw() {
  if (!found || !part("lists")) return;
  if (found.error) return fill("lists", html`<p class="pd-problem">${found.error}</p>`);
  const problems = found.problems.map(problem => html`<p class="pd-warning">${problem}</p>`);
  fill("lists", html`${problems}${found.num_reviews > 0 && listed()}`);
}

function listed() {
  const runs = compared.filter(run => found.run_ids.includes(run.run_id));
  const reviews = found[list];
  const { order, count } = LISTS[list];
  const hasMore = reviews.length < count(found) && reviews.length < MOST_LISTED;
  return html`<div class="pd-chips pd-toggles">${Object.keys(LISTS).map(tab)}</div>
    <p class="pd-quiet">Of ${whole(found.num_reviews)} test reviews; ${order} first. Press a review to open it on the Review page with these adapters.</p>
    <ul class="pd-reviews">${reviews.map(review => rowOf(review, runs))}${!reviews.length && html`<li class="pd-quiet">None.</li>`}</ul>
    ${hasMore && html`<button type="button" class="pd-button pd-longer">Show more</button>`}`;
}

const tab = name =>
  html`<button type="button" class="pd-chip" data-list="${name}" aria-pressed="${String(name === list)}"><span>${LISTS[name].title}</span><small>${whole(LISTS[name].count(found))}</small></button>`;

const rowOf = (review, runs) => html`<li>
  <button type="button" class="pd-review" data-review="${review.index}" title="Open it on the Review page">${review.excerpt || `Test review ${review.index + 1}`}</button>
  <p class="pd-quiet">truly <b>${found.labels[review.label]}</b>; what each says, and how sure it is:</p>
  <p class="pd-said">${runs.map(run => saidBy(run, review))}</p></li>`;

function saidBy({ run_id, name, look }, { probabilities, label }) {
  const shares = probabilities[run_id];
  const sureness = Math.max(...shares);
  const said = shares.indexOf(sureness);
  const isRight = said === label;
  const all = shares.map((share, place) => `${found.labels[place]} ${percent(share)}`).join(", ");
  return html`<span class="pd-says ${isRight ? "pd-is-right" : "pd-is-wrong"}" title="${all}">${swatch(look)}<span>${cut(name, 22)}</span><b>${found.labels[said]} ${percent(sureness, 0)}</b><i>${isRight ? "✓ right" : "✗ wrong"}</i></span>`;
}
