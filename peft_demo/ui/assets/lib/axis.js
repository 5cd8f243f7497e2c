// Where measured values stand on an axis: linear, or by their logarithm with a place of its own for
// zero. Answers where a value stands, at which share of the axis that is, and the axis for Plotly.

import { tick } from "./format.js";

const ends = values => [Math.min(...values), Math.max(...values)];

export function axisFor(values, unit, isLog) {
  const { place = value => value, range, axis } = kindOf(values, unit, isLog);
  const [low, high] = range;
  return { place, axis, share: value => (place(value) - low) / (high - low || 1) };
}

function kindOf(values, unit, isLog) {
  const [lowest, highest] = ends(values.filter(value => value > 0));
  if (unit === "share" || unit === "nats") return close(values, unit);
  // Without a positive value the lowest is infinite.
  const isWide = highest >= 4 * lowest;
  return isLog && isWide ? logarithmic(values, lowest, highest, unit) : linear(values, unit);
}

function padded(values) {
  const [low, high] = ends(values);
  const room = (high - low || high || 1) * 0.15;
  return [low - room, high + room];
}

function close(values, unit) {
  const [low, high] = ends(values);
  const tickformat = unit === "nats" ? ".2f" : high - low < 0.04 ? ".1%" : ".0%";
  return { range: padded(values), axis: { tickformat, nticks: 7 } };
}

function linear(values, unit) {
  const [low, high] = padded(values);
  const range = [Math.min(low, 0), high];
  const size = 10 ** Math.floor(Math.log10(high / 2));
  const step = [1, 2, 5].map(digit => digit * size).find(each => high / each <= 6) || 10 * size;
  const marks = [];
  for (let mark = 0; mark <= high; mark += step) marks.push(mark);
  return { range, axis: { range, ...ticks(marks, marks, unit) } };
}

function logarithmic(values, lowest, highest, unit) {
  const zero = Math.log10(lowest) - 0.6;
  const hasZero = values.some(value => value <= 0);
  const place = value => (value > 0 ? Math.log10(value) : zero);
  const marks = hasZero ? [0] : [];
  const last = Math.ceil(Math.log10(highest));
  for (let power = Math.floor(Math.log10(lowest)); power <= last; power += 1) {
    for (const digit of highest / lowest > 50 ? [1, 3] : [1, 2, 5]) marks.push(digit * 10 ** power);
  }
  const range = [place(hasZero ? 0 : lowest) - 0.15, Math.log10(highest) + 0.15];
  return { place, range, axis: { range, ...ticks(marks.map(place), marks, unit) } };
}

const ticks = (tickvals, marks, unit) => ({
  tickmode: "array",
  tickvals,
  ticktext: marks.map(mark => tick(mark, unit)),
});
