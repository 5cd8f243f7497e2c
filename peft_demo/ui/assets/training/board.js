// The Training page: overview, charts of the selected runs, and a card for each run.

import { placeholder } from "../charts/figure.js";
import { call } from "../gradio.js";
import { KINDS } from "../lib/curves.js";
import { replace, setText } from "../lib/dom.js";
import { between, percent } from "../lib/format.js";
import { html } from "../lib/html.js";
import * as runs from "../runs.js";
import * as edit from "../runs_table/actions.js";
import * as theme from "../theme.js";
import { drawCards } from "./cards.js";
import { drawCharts } from "./charts.js";
import { drawChips, toggle } from "./chips.js";
import { openDetails } from "./details.js";

const PANEL = ({ key, title, by }) => html`
  <figure class="pd-panel" data-chart="${key}">
    <figcaption><h2>${title} <span class="pd-quiet">${by}</span></h2></figcaption>
    <div class="pd-plot" role="img">${placeholder("Loading the charts …")}</div>
  </figure>`;

const BOARD = html`
  <section class="pd-tiles" aria-label="Overview"></section>
  <section class="pd-panel pd-row" aria-label="The assignment, redone">
    <p><b>The assignment, redone.</b> Four configurations that a report ranked by 32 reviews, trained again side by side: can such numbers tell them apart?</p>
    <button type="button" class="pd-button" data-assignment="original">Train the four</button>
  </section>
  <section class="pd-panel" aria-labelledby="pd-pick-title">
    <h2 id="pd-pick-title">Runs in the charts <span class="pd-quiet">press one to show or hide it</span></h2>
    <div class="pd-chips"></div>
    <p class="pd-verdict" role="status"></p>
  </section>
  <section class="pd-charts" aria-label="Charts">${KINDS.map(PANEL)}</section>
  <h2 class="pd-section">Runs</h2>
  <section class="pd-cards" aria-label="Runs"></section>`;

let board = null;
let verdictOf = "";

export function start() {
  runs.follow(news => news && draw());
  theme.follow(() => draw(true));
}

// Called when its tab is drawn.
export function show(element) {
  board = element.querySelector(".pd-board") || element;
  board.innerHTML = BOARD;
  verdictOf = "";
  board.addEventListener("click", onClick);
  draw(true);
}

async function onClick({ target }) {
  const chip = target.closest(".pd-chip");
  const button = target.closest("button[data-action]");
  if (chip) {
    toggle(chip.dataset.run);
    draw();
    return runs.poll();
  }
  if (!button) return;
  const { run } = button.closest("[data-run]").dataset;
  if (button.dataset.action === "details") return openDetails(run);
  if (button.dataset.action === "delete") return edit.remove([run]);
  button.disabled = true;
  setText(button, "Stopping …");
  await edit.stop([run]);
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
