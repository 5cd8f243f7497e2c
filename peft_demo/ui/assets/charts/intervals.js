// Values with their 95 % intervals.

import { between } from "../lib/format.js";

// Error bars for a list of { value, low, high }, or none where there are no intervals.
export function barsOf(estimates, color, place = value => value) {
  if (estimates.every(({ low }) => low == null)) return undefined;
  const length = (from, to) => (from == null || to == null ? 0 : place(to) - place(from));
  return {
    type: "data",
    symmetric: false,
    color,
    thickness: 2,
    width: 5,
    array: estimates.map(({ value, high }) => length(value, high)),
    arrayminus: estimates.map(({ value, low }) => length(low, value)),
  };
}

export const interval = estimate => (estimate.low == null ? "" : ` (${between(estimate)})`);

// All that a chart of these estimates and lines has to hold, with room beside it.
export function rangeWith(estimates, lines, room) {
  const ends = estimates.flatMap(({ value, low, high }) => [low ?? value, high ?? value]);
  const all = [...ends, ...lines.map(line => line.accuracy)];
  return [Math.max(0, Math.min(...all) - room), Math.min(1.005, Math.max(...all) + room)];
}
