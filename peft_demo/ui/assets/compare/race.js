// A race on its page: a strip for each racer, and a guess before any result is seen.

import { setText, whenPressed } from "../lib/dom.js";
import { _ } from "../lib/texts.js";
import * as predictions from "../predictions.js";
import * as runs from "../runs.js";
import { drawGoing } from "../training/strip.js";
import { find, findAll, isThere } from "./layout.js";
import * as question from "./question.js";

const PRESSED = { first: {}, reveal: { isRevealed: true } };

export function start(redraw) {
  runs.follow(news => news && isThere() && drawStrips());
  whenPressed("data-predict", (action, button) => {
    predictions.set(button.closest("[data-race]").dataset.race, PRESSED[action]);
    runs.restart();
    redraw();
  });
  document.addEventListener("change", ({ target }) => {
    const group = target.closest("[data-race]")?.dataset.race;
    if (group) predictions.set(group, { guess: target.value });
  });
}

// Before the figures are drawn: those of a race that is not revealed yet are not there.
export function draw() {
  const race = find("[data-race]");
  const group = race?.dataset.race;
  const { guess, isRevealed } = predictions.get(group) ?? {};
  if (!race) return;
  drawStrips();
  race.dataset.now = { true: "revealed", false: "secret" }[isRevealed] ?? "";
  for (const choice of race.querySelectorAll("[type=radio]"))
    choice.checked = choice.value === guess;
  setText(race.querySelector(".pd-guess b"), guess || _("no guess"));
  const verdict = find("[data-part=verdict] .pd-sentence")?.textContent;
  setText(race.querySelector(".pd-guess span"), verdict ?? "");
}

// Why runs that are compared by themselves cannot be shown yet, or nothing.
export function secretIn(answer) {
  const isSecret = run_id => predictions.hides(runs.get(run_id)?.group_id);
  const { group } = question.get();
  const isAny = !group && answer?.run_ids?.some(isSecret);
  return isAny && _("Some of these race: reveal their race first.");
}

function drawStrips() {
  for (const strip of findAll("[data-race] [data-run]")) {
    const run = runs.get(strip.dataset.run);
    strip.hidden = !run;
    if (run) drawGoing(strip, run);
  }
}
