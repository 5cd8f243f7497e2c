// A slider's stops, which the server says (see fields/stops.py), and what a box holds.

// The stop nearest to a value.
export function place(points, value) {
  const after = points.findIndex(point => point >= value);
  if (after < 1) return after < 0 ? points.length - 1 : 0;
  return points[after] - value <= value - points[after - 1] ? after : after - 1;
}

// As a box holds it: 0.00001 is written 1e-5.
export const written = value => (value && value < 0.001 ? value.toExponential() : String(value));
