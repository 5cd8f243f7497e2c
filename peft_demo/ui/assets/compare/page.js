// The compare page: runs beside each other, or a group. The server has the facts; here they are drawn.

import { know } from "../asks.js";
import { whenReady } from "../charts/figure.js";
import { tell } from "../gradio.js";
import { openTab, recallForm, whenPressed } from "../lib/dom.js";
import { html, markup } from "../lib/html.js";
import { _ } from "../lib/texts.js";
import * as runs from "../runs.js";
import * as theme from "../theme.js";
import { fromQuery, isNone, MOST, TEST, toQuery } from "./address.js";
import { choosable, drawChooser, loadGroups } from "./chooser.js";
import { drawFigures } from "./figures.js";
import { attach, build, dressAll, fill, findAll, isSeen, isThere } from "./layout.js";
import { show as showOptions, take } from "./options.js";
import * as paper from "./print.js";
import * as question from "./question.js";
import * as race from "./race.js";

let isChosen = false;
let before = null;

// Links and buttons open the compare page wherever one is.
export function start() {
  for (const [attribute, act] of Object.entries(PRESSED)) whenPressed(attribute, act);
  theme.follow(draw);
  race.start(draw);
  know({
    $compared: () => question.answered()?.run_ids ?? question.get().ids,
    $set: () => question.get().set,
    $margin: () => question.answered()?.margin,
  });
  runs.follow(news => {
    if (!news || !isSeen()) return;
    drawChooser();
    refresh();
  });
  paper.start(draw, () => `${location.origin}${location.pathname}${toQuery(question.get())}`);
  const asked = fromQuery(location.search);
  if (asked) open(asked);
}

// Called when its tab is drawn.
export function fillTab(element) {
  const page = element.querySelector(".pd-compare");
  attach(page);
  question.forgetAnswer();
  recallForm(page.querySelector("[data-kept]"));
  page.addEventListener("change", onChange);
  page.addEventListener("input", onInput);
  new IntersectionObserver(() => (isSeen() ? enter() : leave())).observe(page);
}

const show = ids => open({ ids: [...new Set(ids)].slice(0, MOST), set: TEST });

export function open(asked) {
  choose(asked);
  openTab("compare-tab");
}

function choose(changes) {
  question.set(changes);
  isChosen = true;
  if (isSeen()) enter();
}

// -- coming and going ------------------------------------------------------------------------------

const isOurs = () => fromQuery(location.search) !== null;

function enter() {
  if (!isChosen) {
    const tested = choosable().filter(run => run.test);
    // Those of the newest one's data, for others are not measured by the same texts.
    const alike = tested.filter(run => run.dataset === tested[0].dataset);
    const first = alike.length > 1 ? alike : tested;
    question.set({ ids: first.slice(0, MOST).map(run => run.id) });
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
    choose({ ids: target.checked ? [...rest, target.value] : rest });
  } else if (target.name === "evaluation_set") {
    choose({ set: target.value });
  } else if (take(target)) {
    draw();
    refresh();
  }
}

function onInput({ target }) {
  if (target.matches(".pd-filter")) drawChooser();
  if (target.type === "range" && take(target)) draw();
}

const PRESSED = {
  "data-open-runs": ids => show(ids.split(",")),
  "data-open-group": group => open({ ids: [], group }),
  "data-remove": id => choose({ ids: question.get().ids.filter(other => other !== id) }),
  "data-group": group => choose({ ids: [], group }),
  "data-compare": ids => choose({ ids: ids.split(",") }),
  "data-print": () => print(),
  "data-longer": () => refresh(question.lengthen()),
  "data-review": (index, button) =>
    tell("opened", { ...button.closest("[data-runs]").dataset, index: Number(index) }),
  "data-texts": source => tell("looked", { source }),
};

// -- drawing ---------------------------------------------------------------------------------------

function draw() {
  if (!isThere()) return;
  const answer = question.answered();
  const nothing = isNone(question.get())
    ? _("Choose two to eight runs above: the verdict comes here.")
    : answer?.error || race.secretIn(answer);
  if (nothing) {
    build("");
    fill("sections", "");
    return say(nothing, answer?.error ? "pd-problem" : "pd-quiet");
  }
  if (!answer) return say(_("Comparing …"), "pd-quiet");
  build(answer.layout);
  for (const [place, content] of Object.entries(answer.parts)) fill(place, markup(content));
  race.draw();
  showOptions(findAll("[data-option]"));
  dressAll();
  if (whenReady(draw)) drawFigures(answer);
}

const say = (words, className) => fill("verdict", html`<p class="${className}">${words}</p>`);
