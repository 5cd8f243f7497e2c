// The Train page: what happens now, charts of the selected runs, their list, the latest's verdict.

import { openTab, setText, whenPressed } from "../lib/dom.js";
import { whole } from "../lib/format.js";
import { _ } from "../lib/texts.js";
import * as runs from "../runs.js";
import * as selection from "../selection.js";
import * as theme from "../theme.js";
import { drawCharts, switchTo } from "./charts.js";
import { drawRows, listed } from "./rows.js";
import * as strip from "./strip.js";
import { drawVerdict } from "./verdict.js";

let board = null;

export function start() {
  strip.start();
  whenPressed("data-toggle", changed(selection.toggle));
  whenPressed("data-pin", changed(selection.pin));
  whenPressed("data-all-runs", () => openTab("runs"));
  whenPressed("data-switch", switchTo);
  runs.follow(news => news && draw());
  theme.follow(() => draw(true));
}

// Called when its tab is drawn.
export function show(element) {
  board = element.querySelector(".pd-board");
  strip.show(board.querySelector(".pd-strip"));
  draw(true);
}

const changed = change => id => {
  change(id);
  draw();
  runs.poll();
};

function draw(isForced = false) {
  if (!board?.isConnected) return;
  strip.draw();
  drawCharts(board, isForced);
  drawVerdict(board.querySelector(".pd-latest"), isForced);
  const all = runs.all();
  const some = listed(all);
  drawRows(board.querySelector(".pd-rows"), some);
  const more = board.querySelector("[data-all-runs]");
  more.hidden = some.length === all.length;
  setText(more, _("All %(count)s runs", { count: whole(all.length) }));
}
