// The compare page: up to eight runs beside each other, or a group as a whole. The server computes
// the facts; here they are laid out and drawn.

import { whenReady } from "../charts/figure.js";
import { copy } from "../form/configuration.js";
import { ask, NO_CONNECTION, tell } from "../gradio.js";
import { openTab } from "../lib/dom.js";
import { glued, html } from "../lib/html.js";
import * as owner from "../owner.js";
import * as runs from "../runs.js";
import { stop } from "../runs_table/actions.js";
import { toast } from "../runs_table/toast.js";
import * as theme from "../theme.js";
import { fromQuery, isNone, MOST, toQuery } from "./address.js";
import { CHOOSER, choosable, drawChooser, loadGroups } from "./chooser.js";
import { drawComparison } from "./comparison.js";
import * as disagreements from "./disagreements.js";
import { drawGroup } from "./group.js";
import { attach, clear, fill, isSeen, isThere } from "./layout.js";
import { take } from "./options.js";
import * as question from "./question.js";

const MOST_PROBLEMS = 12;

let isChosen = false;
let before = null;

// Links and buttons open the compare page wherever one is.
export function start() {
  document.addEventListener("pd-compare", ({ detail }) => show(detail.run_ids));
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-assignment]");
    const group = target.closest("[data-open-group]");
    if (button) redo(button);
    if (group) open([], group.dataset.openGroup);
  });
  theme.follow(draw);
  runs.follow(news => {
    if (!news || !isSeen()) return;
    drawChooser();
    refresh();
  });
  const asked = fromQuery(location.search);
  if (asked) open(asked.ids, asked.group);
}

// Called when its tab is drawn.
export function fillTab(element) {
  const page = element.querySelector(".pd-compare") || element;
  attach(page);
  question.forgetAnswer();
  disagreements.restart();
  page.innerHTML = html`${CHOOSER}
    <section class="pd-panel pd-verdicts" aria-label="Verdict"><div data-part="verdict" aria-live="polite"></div></section>
    <div class="pd-compare-body" data-part="body"></div>`;
  page.addEventListener("click", onClick);
  page.addEventListener("change", onChange);
  page.addEventListener("input", onInput);
  new IntersectionObserver(() => (isSeen() ? enter() : leave())).observe(page);
}

const show = ids => open([...new Set(ids)].slice(0, MOST));

function open(ids, group = null) {
  choose(ids, group);
  openTab("Compare");
}

function choose(ids, group = null) {
  question.set(ids, group);
  isChosen = true;
  disagreements.restart();
  if (isSeen()) enter();
}

// -- coming and going ------------------------------------------------------------------------------

const isOurs = () => fromQuery(location.search) !== null;

function enter() {
  if (!isChosen) {
    const tested = choosable().filter(run => run.test);
    question.set(tested.slice(0, MOST).map(run => run.id));
    isChosen = tested.length > 0;
  }
  // The address shows what is seen, so that it can be shared and survives a reload.
  if (before === null && !isOurs()) before = location.search;
  if (!isNone(question.get())) history.replaceState(null, "", toQuery(question.get()));
  drawChooser();
  loadGroups();
  refresh();
}

function leave() {
  if (isOurs()) history.replaceState(null, "", `${location.pathname}${before || ""}`);
  before = null;
}

const refresh = () => (isSeen() ? question.refresh(draw) : draw());

// -- what a person does ----------------------------------------------------------------------------

function onChange({ target }) {
  if (target.closest("[data-part=list]")) {
    const rest = question.get().ids.filter(id => id !== target.value);
    choose(target.checked ? [...rest, target.value] : rest);
  } else if (take(target)) draw();
}

function onInput({ target }) {
  if (target.matches(".pd-filter")) drawChooser();
  if (target.type === "range" && take(target)) draw();
}

function onClick({ target }) {
  const button = target.closest("button");
  if (!button) return;
  const { remove, group, list, review, compare, stop: running } = button.dataset;
  if (running) stopAll(button, running.split(","));
  if (remove) choose(question.get().ids.filter(id => id !== remove));
  if (group) choose([], group);
  if (compare) choose(compare.split(","));
  if (list) disagreements.turnTo(list);
  if (review) tell("opened", disagreements.opening(Number(review)));
  if (button.matches(".pd-longer")) disagreements.lengthen();
  if (button.matches(".pd-copy")) copy(button, toQuery(question.get()));
}

async function stopAll(button, run_ids) {
  button.disabled = true;
  await stop(run_ids);
  refresh();
}

// Queue the assignment's four configurations, and watch them race.
async function redo(button) {
  button.disabled = true;
  const tuned = button.dataset.assignment === "tuned";
  const answer = await ask("assignment", { tuned, owner: owner.get() });
  button.disabled = false;
  if (answer?.group) return open([], answer.group);
  toast(answer ? answer.error : NO_CONNECTION, { isProblem: true });
}

// -- drawing ---------------------------------------------------------------------------------------

function draw() {
  if (!isThere()) return;
  const answer = question.answered();
  const [words, className] = waiting(answer);
  if (words) fill("verdict", html`<p class="${className}">${words}</p>`);
  else fill("verdict", verdictOf(answer));
  if (isNone(question.get()) || answer?.error) return clear();
  if (!answer || !whenReady(draw)) return;
  if (answer.group) drawGroup(answer);
  else drawComparison(answer);
}

function waiting(answer) {
  if (isNone(question.get())) {
    return ["Choose two to eight runs above: the verdict comes here.", "pd-quiet"];
  }
  if (!answer) return ["Comparing …", "pd-quiet"];
  return answer.error ? [answer.error, "pd-problem"] : [];
}

function verdictOf({ group }) {
  const { verdict, problems, baselines_pending } = question.facts();
  const more = problems.length - MOST_PROBLEMS;
  const title =
    group &&
    html`<h2>${group.group.name} <span class="pd-quiet">${group.group.kind} · ${group.runs.length} runs</span></h2>`;
  return html`${title}${verdict.map(sentence => html`<p class="${sentence.startsWith("(") ? "pd-quiet" : "pd-sentence"}">${glued(sentence)}</p>`)}
    ${baselines_pending && html`<p class="pd-quiet pd-pending">Computing the baselines …</p>`}
    ${problems.length > 0 && html`<ul class="pd-warning">${problems.slice(0, MOST_PROBLEMS).map(problem => html`<li>${problem}</li>`)}${more > 0 && html`<li>… and ${more} more.</li>`}</ul>`}`;
}
