// The Training page: overview, charts of the selected runs, and a card for each run.

import * as form from "../form/sidebar.js";
import { call, tell } from "../gradio.js";
import { replace, setText, whenPressed } from "../lib/dom.js";
import { between, percent } from "../lib/format.js";
import { html } from "../lib/html.js";
import * as runs from "../runs.js";
import * as actions from "../runs_table/actions.js";
import * as selection from "../selection.js";
import * as theme from "../theme.js";
import { drawCards } from "./cards.js";
import { drawCharts } from "./charts.js";
import { drawChips } from "./chips.js";
import { openDetails } from "./details.js";

let board = null;
let verdictOf = "";

export function start() {
  whenPressed("data-toggle", toggle);
  whenPressed("data-action", (action, button) =>
    ACTIONS[action](button.closest("[data-run]").dataset.run, button),
  );
  runs.follow(news => news && draw());
  theme.follow(() => draw(true));
}

// Called when its tab is drawn.
export function show(element) {
  board = element.querySelector(".pd-board");
  verdictOf = "";
  draw(true);
}

function toggle(id) {
  selection.toggle(id);
  draw();
  runs.poll();
}

const ACTIONS = {
  again,
  details: openDetails,
  delete: id => actions.remove([id]),
  stop,
  swap: actions.swapLabels,
};

// The run with what its diagnosis proposes, in the form.
function again(id) {
  tell("again", { query: runs.get(id).diagnosis.link });
  form.open();
}

async function stop(id, button) {
  button.disabled = true;
  setText(button, "Stopping …");
  await actions.stop([id]);
  button.disabled = false;
}

function draw(isForced = false) {
  if (!board?.isConnected) return;
  drawTiles();
  drawChips(board.querySelector(".pd-chips"));
  drawVerdict();
  drawCharts(board, isForced);
  drawCards(board.querySelector(".pd-cards"));
}

function drawTiles() {
  const all = runs.all();
  const count = status => all.filter(run => run.status === status).length;
  const tested = all.filter(run => run.test);
  const best = tested.sort((a, b) => b.test.accuracy - a.test.accuracy)[0];
  const more = best ? ` · ${best.name} · 95 % interval ${between(best.test)}` : "";
  const tiles = [
    [count("running"), "running"],
    [count("queued"), "in the queue"],
    [count("completed"), "finished"],
    [best ? percent(best.test.accuracy) : "–", `best test accuracy${more}`],
  ];
  const tile = ([value, label]) =>
    html`<div class="pd-tile"><b>${value}</b><span>${label}</span></div>`;
  replace(board.querySelector(".pd-tiles"), html`${tiles.map(tile)}`);
}

async function drawVerdict() {
  const ids = runs.selectedTested();
  const asked = ids.join();
  if (verdictOf === asked) return;
  verdictOf = asked;
  const text = ids.length > 1 ? await call("verdict", { run_ids: ids }) : "";
  if (verdictOf === asked) setText(board.querySelector(".pd-verdict"), text ?? "");
}
