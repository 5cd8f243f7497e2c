// The player of lessons: a panel beside the page. What a step shows comes from the server; where a
// person is, and what was answered, stays in this browser.

import * as form from "../form/sidebar.js";
import { ask, tell } from "../gradio.js";
import { keep, keepingFocus, openTab, recall, replace, setText, whenPressed } from "../lib/dom.js";
import { markup } from "../lib/html.js";
import { _ } from "../lib/texts.js";
import * as runs from "../runs.js";
import { toast } from "../runs_table/toast.js";

export const KEPT = "peft-demo-lessons";
const LOOK_MS = 500;

// { now, progress }: the lesson that is open with the place in it, and how far each one is.
const state = { progress: {}, ...recall(KEPT) };
let told = null;
let asked = "";
let isStale = true;

const panel = () => document.querySelector("#lesson .pd-lesson");
const formLink = () => document.querySelector(".pd-brief[data-link]")?.dataset.link ?? "";
const listed = text => (text ? text.split(",") : []);

const openedTab = () =>
  document.querySelector("#tabs [role=tab][aria-selected=true]")?.dataset.tabId;

export function start() {
  whenPressed("data-lesson", (action, button) => PRESSED[action](button.dataset));
  whenPressed("data-start-lesson", id => begin(id));
  runs.follow(() => {
    isStale = true;
  });
  fromLink();
  setInterval(look, LOOK_MS);
}

// A link opens its lesson; where that is open already, it goes on.
function fromLink() {
  if (new URLSearchParams(location.search).has("challenge")) openTab("learn-tab");
  const {
    lesson = "",
    hide,
    fix,
    ...values
  } = Object.fromEntries(new URLSearchParams(location.search));
  const query = values.method ? String(new URLSearchParams(values)) : "";
  if (!lesson && !hide && !fix) return state.now && arrange({ fills: !query });
  const isOpen = state.now?.lesson === lesson;
  if (!isOpen) state.now = { lesson, ...fresh(), before: "" };
  Object.assign(state.now, { hide: listed(hide), fix: listed(fix), query });
  arrange({ fills: Boolean(lesson) });
}

const fresh = () => ({ step: 0, began: "", choices: {}, taken: [] });

// Where a lesson was left, it goes on.
function begin(lesson) {
  const before = state.now?.before || formLink();
  const { place = fresh() } = state.progress[lesson] ?? {};
  state.now = { lesson, ...place, hide: [], fix: [], query: "", before };
  arrange();
  openTab("training");
  go(state.now.step);
}

function arrange({ plan = "", fills = true } = {}) {
  const { lesson, query, fix } = state.now;
  tell("taught", { lesson, plan, query, fix, fills });
}

function go(step) {
  Object.assign(state.now, { step, isFolded: false });
  show(true);
}

const PRESSED = {
  next: () => go(state.now.step + 1),
  back: () => go(state.now.step - 1),
  fold() {
    state.now.isFolded = !state.now.isFolded;
    draw();
  },
  choose({ choice }) {
    state.now.choices[state.now.step] = Number(choice);
    show();
  },
  take({ plan }) {
    state.now.taken.push(plan);
    show();
  },
  fill({ plan, several }) {
    arrange({ plan });
    form.open();
    if (several) form.showSeveral();
  },
  async queue({ plan }) {
    const wanted = { lesson: state.now.lesson, plan };
    const { error } = (await ask("queue_plan", wanted)) ?? {};
    if (error) toast(error, { isProblem: true });
    runs.poll();
  },
  reset() {
    Object.assign(state.now, fresh());
    arrange();
    go(0);
  },
  leave,
  finish() {
    const { lesson } = state.now;
    Object.assign(state.progress[lesson], { place: undefined, isFinished: true });
    leave();
    openTab("learn-tab");
  },
};

function leave() {
  const held = told?.held;
  state.now = { ...state.now, lesson: "", query: state.now.before, hide: [], fix: [], ...held };
  arrange();
  if (!held) state.now = null;
  told = null;
  draw();
  history.replaceState(null, "", location.pathname);
}

// Asks again whenever what the step may depend on has changed.
function look() {
  markProgress();
  if (!state.now || document.visibilityState === "hidden") return;
  if (asked !== JSON.stringify(request()) || (isStale && told?.waits)) show();
}

function request() {
  const { lesson, step, began, choices, taken, hide } = state.now;
  const mine = { form: formLink(), tab: openedTab() };
  return { lesson, step, began, choices, taken, hide, ...mine };
}

async function show(isMoved = false) {
  const { now } = state;
  const wanted = request();
  asked = JSON.stringify(wanted);
  isStale = false;
  const answer = await ask("play", wanted);
  if (!answer || state.now !== now || asked !== JSON.stringify(wanted)) return;
  if (answer.error) return leave();
  told = answer;
  if (!now.began && answer.began) {
    now.began = answer.began;
    asked = JSON.stringify(request());
  }
  const { step, began, choices, taken } = now;
  const place = { step, began, choices, taken };
  state.progress[now.lesson] = { ...state.progress[now.lesson], place, choices };
  draw();
  if (isMoved) panel().querySelector("h2")?.focus();
}

function draw() {
  keep(KEPT, state);
  const place = panel();
  place.hidden = !state.now;
  const isSmall = state.now?.isFolded || !state.now?.lesson;
  place.dataset.state = state.now ? (isSmall ? "small" : "open") : "";
  const full = document.fullscreenElement;
  if (place.contains(full)) full.innerHTML = figureIn(told.html)?.innerHTML ?? "";
  else keepingFocus(place, () => replace(place, told ? markup(told.html) : ""));
  setText(document.getElementById("pd-lesson-style"), told?.style ?? "");
}

// What is on the full screen would leave it with its element.
const figureIn = text => new DOMParser().parseFromString(text, "text/html").querySelector("figure");

function markProgress() {
  for (const place of document.querySelectorAll("[data-progress]")) {
    const { place: at, isFinished } = state.progress[place.dataset.progress] ?? {};
    const words = at ? `· ${_("you are at step %(step)s", { step: at.step + 1 })}` : "";
    setText(place, isFinished ? `· ${_("finished")} ✓` : words);
  }
}
