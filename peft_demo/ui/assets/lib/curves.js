// What is drawn as a curve, and how far its axis reaches. A curve holds tracks (`by_epoch`,
// `by_step`): columns of equal length, the axes and what is drawn over them.

import { _ } from "./texts.js";

// `texts`: what the runs read.
export const axisOf = (x, texts) =>
  ({
    steps: _("step"),
    epochs: _("epoch"),
    reviews: _("training %(texts)s seen", { texts }),
    seconds: _("seconds of training"),
  })[x];

export const KINDS = [
  { key: "eval_accuracy", track: "by_epoch", isShare: true },
  { key: "eval_loss", track: "by_epoch" },
  { key: "loss", track: "by_step" },
];

export const valuesOf = (curve, { track, key }) => curve?.[track]?.[key] || [];

// With the edges of the band around a mean, where there is one.
export function reachOf(curve, kind) {
  const edge = end => valuesOf(curve, { ...kind, key: `${kind.key}_${end}` });
  return [...valuesOf(curve, kind), ...edge("low"), ...edge("high")];
}

// Exponential moving average, corrected for its start, as Adam does (Kingma and Ba 2015).
export function smoothed(values, keep) {
  let sum = 0;
  let weight = 0;
  return values.map(value => {
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

export const median = values => values.toSorted((a, b) => a - b)[(values.length - 1) >> 1];

// The range of the y axis for lists of values, one for each run: never so close that noise looks like
// a landslide, no share outside 0 to 100 %, and one run that diverged does not flatten all others.
export function rangeOf(perRun, isShare, lines = []) {
  const highest = perRun.map(values => Math.max(...values));
  let high = Math.min(Math.max(...highest), isShare ? 1 : 3 * median(highest));
  let low = Math.min(high, ...perRun.flat());
  if (isShare) [low, high] = [Math.min(low, ...lines), Math.max(high, ...lines)];
  const span = high - low;
  const room = Math.max(span * 0.08, ((isShare ? 0.2 : 0.04) - span) / 2);
  [low, high] = [low - room, high + room];
  return isShare ? [Math.max(0, low), Math.min(1.01, high)] : [low, high];
}

export function digitsFor([low, high], isShare) {
  if (isShare) return ".0%";
  if (high - low < 0.2) return ".3f";
  return high - low < 20 ? ".2f" : ",.0f";
}
