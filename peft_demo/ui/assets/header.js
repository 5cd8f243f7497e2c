// The header: how far the models are, what is wrong with the store, and news read aloud.

import { isRefused, tell } from "./gradio.js";
import { setText } from "./lib/dom.js";
import { percent } from "./lib/format.js";
import { _ } from "./lib/texts.js";
import * as runs from "./runs.js";
import { skip } from "./tabs.js";
import * as theme from "./theme.js";

let header = null;
let finished = null;
const states = new Map();

export function show(element) {
  header = element;
  header.querySelector(".pd-theme").addEventListener("click", theme.toggle);
  header.querySelector(".pd-skip").addEventListener("click", skip);
}

export function start() {
  runs.follow(news => {
    const { hasty, away } = header.querySelector(".pd-models").dataset;
    if (!news) return showModels("failed", isRefused() ? hasty : away);
    setText(header.querySelector(".pd-store-problem"), news.error || news.problem || "");
    if (news.error) return;
    showModels(news.models.state, news.models.text);
    setText(header.querySelector(".pd-queue-paused"), news.you.paused);
    news.runs.forEach(announce);
    tellFinished();
  });
}

function showModels(state, text) {
  const pill = header.querySelector(".pd-models");
  pill.dataset.state = state;
  setText(pill.firstElementChild, text);
}

function announce(run) {
  const before = states.get(run.id);
  states.set(run.id, run.status);
  if (!before || before === run.status) return;
  const result = run.test ? `, ${_("test accuracy")} ${percent(run.test.accuracy)}` : "";
  setText(header.querySelector(".pd-announce"), `${run.name}: ${run.called}${result}`);
}

// The review page offers the finished runs by their names.
function tellFinished() {
  const done = runs.all().filter(run => run.status === "completed");
  const names = done.map(run => run.id + run.name + run.tags).join();
  if (finished !== names) tell("finished");
  finished = names;
}
