// What a run does or did, in words.

import { about, between, percent, rate, seconds, whole } from "../lib/format.js";

const SWAPPED = "Far below guessing: are its labels swapped? Details can swap them";

export function nowOf(run) {
  if (run.status !== "completed" || run.range) return stateOf(run);
  return [run.test && tested(run), run.problem].filter(Boolean).join(" · ");
}

// The same where its accuracy stands beside it.
export function stateOf(run) {
  if (run.status === "queued") return queued(run);
  if (run.range) return suggested(run.range);
  if (run.seems_swapped) return SWAPPED;
  if (run.status === "completed") return run.problem || briefly(run);
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
  const words = suggestion
    ? `Suggests a learning rate of ${rate(suggestion)}`
    : "Shows no good rate";
  return `${words}${is_sure ? "" : " (unsure)"} · Details shows the curve`;
}

const tested = ({ test, texts, ...run }) =>
  `Test accuracy ${percent(test.accuracy)} (95 %: ${between(test)}) on ${whole(test.reviews)} ` +
  `${texts} · ${timesOf(run)}`;

// Of the training alone, which an import lacks, and from its start until it was tested.
const timesOf = ({ training_seconds: training, seconds: total }) =>
  `${training ? `trained in ${seconds(training)}, ` : ""}${seconds(total ?? 0)} in all`;

const briefly = ({ training_seconds: training, seconds: total }) =>
  training ? `trained in ${seconds(training)}` : `${seconds(total ?? 0)} in all`;

function training(run) {
  const parts = [
    run.phase && run.phase !== "Training" && `${run.phase} …`,
    run.max_steps && `step ${run.step} of ${run.max_steps}`,
    run.seconds_left != null && run.step && `${about(run.seconds_left)} left`,
  ];
  return parts.filter(Boolean).join(" · ") || "Starting …";
}
