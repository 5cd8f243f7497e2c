// Where a slider can stop: at equal steps, or by factors that people count in.

const WHOLE = [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.4, 8];
const PARTS = [1, 2, 3, 5];

export function stops({ min, max, step, log }) {
  const isWhole = Number.isInteger(step);
  const found = [min, max];
  if (log) {
    const first = Math.floor(Math.log10(min));
    for (let power = first; power <= Math.log10(max); power++)
      for (const part of isWhole ? WHOLE : PARTS) found.push(Number(`${part}e${power}`));
  } else for (let at = 1; min + at * step < max; at++) found.push(min + at * step);
  const rounded = found.map(each => (isWhole ? Math.round(each) : Number(each.toPrecision(6))));
  const inside = rounded.filter(each => each >= min && each <= max);
  return [...new Set(inside)].sort((one, other) => one - other);
}

// The stop nearest to a value.
export function place(points, value) {
  const after = points.findIndex(point => point >= value);
  if (after < 1) return after < 0 ? points.length - 1 : 0;
  return points[after] - value <= value - points[after - 1] ? after : after - 1;
}

// As a box holds it: 0.00001 is written 1e-5.
export const written = value => (value && value < 0.001 ? value.toExponential() : String(value));
