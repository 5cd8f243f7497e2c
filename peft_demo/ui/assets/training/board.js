// The Train page: what happens now, charts of the selected runs, and a card for each run.

import { call } from "../gradio.js";
import { setText, whenPressed } from "../lib/dom.js";
import * as runs from "../runs.js";
import * as actions from "../runs_table/actions.js";
import * as selection from "../selection.js";
import * as theme from "../theme.js";
import { drawCards } from "./cards.js";
import { drawCharts, switchTo } from "./charts.js";
import { drawChips } from "./chips.js";
import { openDetails } from "./details.js";
import * as strip from "./strip.js";

let board = null;
let verdictOf = "";

export function start() {
  strip.start();
  whenPressed("data-toggle", toggle);
  whenPressed("data-switch", switchTo);
  whenPressed("data-action", (action, button) =>
    ACTIONS[action](button.closest("[data-run]").dataset.run, button),
  );
  runs.follow(news => news && draw());
  theme.follow(() => draw(true));
}

// Called when its tab is drawn.
export function show(element) {
  board = element.querySelector(".pd-board");
  strip.show(board.querySelector(".pd-strip"));
  verdictOf = "";
  draw(true);
}

function toggle(id) {
  selection.toggle(id);
  draw();
  runs.poll();
}

const ACTIONS = {
  again: strip.again,
  details: openDetails,
  delete: id => actions.remove([id]),
  stop,
  swap: actions.swapLabels,
};

async function stop(id, button) {
  button.disabled = true;
  setText(button, "Stopping …");
  await actions.stop([id]);
  button.disabled = false;
}

function draw(isForced = false) {
  if (!board?.isConnected) return;
  strip.draw();
  drawChips(board.querySelector(".pd-chips"));
  drawVerdict();
  drawCharts(board, isForced);
  drawCards(board.querySelector(".pd-cards"));
}

async function drawVerdict() {
  const ids = runs.selectedTested();
  const asked = ids.join();
  if (verdictOf === asked) return;
  verdictOf = asked;
  const text = ids.length > 1 ? await call("verdict", { run_ids: ids }) : "";
  if (verdictOf === asked) setText(board.querySelector(".pd-verdict"), text ?? "");
}
