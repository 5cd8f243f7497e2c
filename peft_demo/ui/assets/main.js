// What Gradio's own scripts call; everything else is found from here.

import * as asks from "./asks.js";
import * as figures from "./charts/buttons.js";
import * as compare from "./compare/page.js";
import * as configuration from "./form/configuration.js";
import * as drop from "./form/drop.js";
import * as paste from "./form/paste.js";
import * as refusals from "./form/refusals.js";
import * as rows from "./form/rows.js";
import * as sidebar from "./form/sidebar.js";
import { connect } from "./gradio.js";
import * as header from "./header.js";
import * as languages from "./languages.js";
import * as player from "./learn/player.js";
import * as tour from "./learn/tour.js";
import { followLinksWithin } from "./lib/dom.js";
import * as present from "./present.js";
import * as review from "./review.js";
import { poll, start as startPolling } from "./runs.js";
import * as table from "./runs_table.js";
import * as tabs from "./tabs.js";
import * as theme from "./theme.js";
import * as board from "./training/board.js";

export { fillTab as compare } from "./compare/page.js";
export { previewed } from "./form/configuration.js";
export { answered } from "./form/paste.js";
export { review };
export { show as runsTable } from "./runs_table.js";
export { show as board } from "./training/board.js";

let isStarted = false;

// Called when the header is drawn, and again where Gradio draws it anew.
export function start(element, server, events) {
  connect(server, events);
  header.show(element);
  if (isStarted) return;
  isStarted = true;
  followLinksWithin();
  for (const part of [
    theme,
    asks,
    header,
    languages,
    board,
    figures,
    table,
    compare,
    configuration,
    drop,
    paste,
    refusals,
    rows,
    sidebar,
    player,
    tour,
    tabs,
    present,
    review,
  ]) {
    part.start();
  }
  startPolling();
}

// Called when runs were put into the queue, or refused.
export function submitted(told) {
  if (!told.includes("pd-problem")) sidebar.leave();
  // Where the form is gone by now, with what it said of the group.
  const [group] = told.match(/group-\d+/) ?? [];
  if (group && sidebar.isNarrow()) compare.open({ ids: [], group });
  poll();
}
