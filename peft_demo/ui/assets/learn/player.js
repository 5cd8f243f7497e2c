// The player of lessons: a panel beside the page. What is pressed, shown and comes next is the server's
// (see ui/learn/moves.py); where a person is, and what was answered, stays in this browser.

import { know } from "../asks.js";
import { brief } from "../form/brief.js";
import * as form from "../form/sidebar.js";
import { ask, tell } from "../gradio.js";
import { keep, openTab, recall, setText, whenPressed } from "../lib/dom.js";
import { morph } from "../lib/morph.js";
import { _ } from "../lib/texts.js";
import * as runs from "../runs.js";

const KEPT = "peft-demo-lessons";
const LOOK_MS = 500;

// { now, progress }: the lesson that is open with the place in it, and how far each one is.
const state = { now: null, progress: {}, ...recall(KEPT) };
let told = {};
let seen = "";
let isStale = true;
let going = null;

const panel = () => document.querySelector("#lesson .pd-lesson");

// What of the page a step may depend on.
const page = () => ({
  form: brief()?.link ?? "",
  tab: document.querySelector("#tabs [role=tab][aria-selected=true]")?.dataset.tabId ?? "",
});

// By lesson, the number of the choice at each step.
const guesses = () =>
  Object.fromEntries(Object.entries(state.progress).map(([id, { choices = {} }]) => [id, choices]));

export function start() {
  know({ $guesses: guesses, $lesson: () => state.now.lesson });
  whenPressed("data-lesson", (action, { dataset }) => play(action, dataset));
  whenPressed("data-start-lesson", lesson => play("begin", { lesson }));
  runs.follow(() => {
    isStale = true;
  });
  const query = new URLSearchParams(location.search);
  if (query.has("challenge")) openTab("learn-tab");
  if (state.now || ["lesson", "hide", "fix"].some(name => query.has(name))) play("open");
  setInterval(look, LOOK_MS);
}

// Asks again whenever what the step may depend on has changed.
function look() {
  markProgress();
  if (!state.now || going || document.visibilityState === "hidden") return;
  if (seen !== JSON.stringify(page()) || (isStale && told.waits)) play();
}

// One after another: each begins where the last one ended.
function play(action, dataset) {
  const before = Promise.resolve(going);
  const mine = before
    .then(() => move(action, dataset))
    .finally(() => {
      if (going === mine) going = null;
    });
  going = mine;
}

async function move(action = "", { lesson = "", plan = "", choice = "", several = "" } = {}) {
  const { now, progress } = state;
  const place = progress[lesson]?.place ?? {};
  const about = { lesson, plan, choice, several, place, query: location.search };
  seen = JSON.stringify(page());
  isStale = false;
  const answer = await ask("play", { now, action, ...about, ...page() });
  if (!answer) return;
  told = answer.error ? {} : answer;
  state.now = told.now ?? null;
  for (const [id, changes] of Object.entries(told.progress ?? {}))
    progress[id] = { ...progress[id], ...changes };
  draw();
  if (told.arrange) tell("taught", told.arrange);
  if (told.tab) openTab(told.tab);
  if (typeof told.opens === "string") form.open();
  if (told.opens) form.showSeveral();
  if (told.is_left) history.replaceState(null, "", location.pathname);
  if (told.is_moved) panel().querySelector("h2")?.focus();
}

function draw() {
  keep(KEPT, state);
  const place = panel();
  place.hidden = !state.now;
  place.dataset.state = told.state ?? "";
  const { html = "", style = "" } = told;
  morph(place, html);
  setText(document.getElementById("pd-lesson-style"), style);
}

function markProgress() {
  for (const place of document.querySelectorAll("[data-progress]")) {
    const { place: at, isFinished } = state.progress[place.dataset.progress] ?? {};
    const words = at ? `· ${_("you are at step %(step)s", { step: at.step + 1 })}` : "";
    setText(place, isFinished ? `· ${_("finished")} ✓` : words);
  }
}
