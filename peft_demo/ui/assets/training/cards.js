// A card for each run: what it is, how far it is, and what can be done to it.

import { keepInOrder, setText } from "../lib/dom.js";
import { between, percent, STATES, seconds, whole } from "../lib/format.js";
import * as runs from "../runs.js";

const MOST_OVER = 12;

const SWAPPED = "Far below guessing: are its labels swapped?";

// First what goes on, in the order of the queue; then what is over, the newest first.
export function drawCards(holder) {
  const all = runs.all();
  const over = all.filter(runs.isOver);
  const shown = over.filter((run, index) => index < MOST_OVER || run.reference);
  const going = all.filter(run => !runs.isOver(run)).reverse();
  keepInOrder(holder, [...going, ...shown], newCard, fill);
}

function newCard(run) {
  const card = document.querySelector(".pd-new-card").content.firstElementChild.cloneNode(true);
  card.dataset.run = run.id;
  card.style.setProperty("--run", runs.lookOf(run.id).colour);
  return card;
}

function fill(card, run) {
  const find = selector => card.querySelector(selector);
  setText(find("h3"), run.name);
  setText(find(".pd-summary"), run.summary + (run.reference ? " · reference" : ""));
  find(".pd-state").dataset.state = run.status;
  setText(find(".pd-state"), STATES[run.status]);
  showProgress(find(".pd-progress"), run);
  setText(find(".pd-now"), nowOf(run));
  setText(find(".pd-diagnosis"), run.diagnosis?.words ?? (run.seems_swapped ? SWAPPED : ""));
  setText(find("[data-action=again]"), run.diagnosis ? `Again with ${run.diagnosis.trial}` : "");
  const buttons = {
    stop: ["Stop", runs.isOver(run)],
    again: [`${find("[data-action=again]").textContent}:`, !run.diagnosis?.link],
    swap: ["Swap the labels of", !run.seems_swapped],
    details: ["Details of", false],
    delete: ["Delete", !runs.isOver(run) || run.reference],
  };
  for (const [action, [words, isHidden]] of Object.entries(buttons)) {
    const button = find(`[data-action=${action}]`);
    button.hidden = isHidden;
    button.setAttribute("aria-label", `${words} ${run.name}`);
  }
}

export function showProgress(bar, run) {
  const share = run.status === "completed" ? 1 : run.max_steps ? run.step / run.max_steps : 0;
  const isBusy = run.status === "running" && (share === 0 || run.phase !== "Training");
  bar.setAttribute("aria-valuenow", Math.round(100 * share));
  bar.setAttribute("aria-label", `Progress of ${run.name}`);
  bar.classList.toggle("pd-busy", isBusy);
  bar.firstElementChild.style.width = `${100 * share}%`;
}

export function nowOf(run) {
  if (run.status === "queued") return queued(run);
  if (run.range) return suggested(run.range);
  if (run.status === "completed") {
    return [run.test && tested(run), run.problem].filter(Boolean).join(" · ");
  }
  if (run.status === "running") return training(run);
  if (run.error) return run.error;
  if (run.kind === "imported") return "Stopped before its test ended";
  if (!run.epoch) return "Stopped before the first epoch ended";
  return `Stopped after ${ofAll(run.epoch, run)} epochs`;
}

// How many epochs there are is not known of every run.
const ofAll = (epoch, { max_epochs: all }) => (all ? `${Math.min(epoch, all)} of ${all}` : epoch);

const queued = ({ queue }) => (queue === 1 ? "Next in the queue" : `Number ${queue} in the queue`);

function suggested({ suggestion, is_sure }) {
  const words = suggestion ? `Suggests a learning rate of ${suggestion}` : "Shows no good rate";
  return `${words}${is_sure ? "" : " (unsure)"} · Details shows the curve`;
}

const tested = ({ test, texts, seconds: time }) =>
  `Test accuracy ${percent(test.accuracy)} (95 %: ${between(test)}) on ${whole(test.reviews)} ` +
  `${texts} · ${seconds(time)}`;

function training(run) {
  const parts = [
    run.phase && run.phase !== "Training" && `${run.phase} …`,
    run.max_steps && run.max_epochs && `epoch ${ofAll(run.epoch + 1, run)}`,
    run.max_steps && `step ${run.step} of ${run.max_steps}`,
    run.samples_per_second && `${run.samples_per_second.toFixed(0)} ${run.texts}/s`,
    run.seconds_left != null && run.step && `about ${seconds(run.seconds_left)} left`,
    run.learning_rate != null && `lr ${Number(run.learning_rate).toPrecision(2)}`,
  ];
  return parts.filter(Boolean).join(" · ") || "Starting …";
}
