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

// The reach of a colour scale: of all values, or of their middle interval where that is wider.
export function scaleOf(estimates) {
  const values = estimates.map(({ value }) => value);
  const widths = estimates.map(({ low, high }) => (high ?? 0) - (low ?? 0)).sort((a, b) => a - b);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const missing = Math.max(0, (widths[Math.floor(widths.length / 2)] || 0) - (most - least));
  return [least - missing / 2, most + missing / 2];
}
