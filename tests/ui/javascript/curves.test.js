import {
  digitsFor,
  KINDS,
  median,
  rangeOf,
  reachOf,
  smoothed,
  valuesOf,
} from "/assets/lib/curves.js";
import { equal, near, test } from "/tests/runner.js";

const [accuracy, , loss] = KINDS;

test("the smoothed curve of a constant is that constant from its start", () => {
  for (const value of smoothed([2, 2, 2], 0.9)) near(value, 2);
});

test("smoothing weighs what came before, corrected for the start", () => {
  const [first, second] = smoothed([1, 0], 0.5);
  near(first, 1);
  near(second, 1 / 3);
});

test("without memory nothing is smoothed", () => equal(smoothed([3, 1, 2], 0), [3, 1, 2]));

test("a curve's values are those of its kind's track", () => {
  const curve = { by_epoch: { eval_accuracy: [0.5] }, by_step: { loss: [0.7, 0.6] } };
  equal([valuesOf(curve, accuracy), valuesOf(curve, loss)], [[0.5], [0.7, 0.6]]);
  equal([valuesOf({}, loss), valuesOf(undefined, accuracy)], [[], []]);
});

test("the band around a mean is in sight", () => {
  const track = { eval_accuracy: [0.5], eval_accuracy_low: [0.3], eval_accuracy_high: [0.7] };
  equal(reachOf({ by_epoch: track }, accuracy), [0.5, 0.3, 0.7]);
});

test("the lower middle is the median", () =>
  equal([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2]));

test("noise does not look like a landslide", () => {
  const [low, high] = rangeOf([[0.5, 0.51]], true);
  near(high - low, 0.2);
});

test("no share reaches beyond 0 to 100 %", () => {
  const [low, high] = rangeOf([[0, 1]], true);
  equal([low, high], [0, 1.01]);
});

test("lines to beat are in sight", () => {
  const [low, high] = rangeOf([[0.8, 0.9]], true, [0.5]);
  equal([low < 0.5, high > 0.9], [true, true]);
});

test("one run that diverged does not flatten the others", () => {
  const [, high] = rangeOf(
    [
      [0.7, 0.6],
      [0.7, 0.5],
      [0.7, 1000],
    ],
    false,
  );
  near(high, 2.1 + 0.08 * 1.6);
});

test("labels have as many digits as the range needs", () => {
  const ranges = [
    [0.1, 0.2],
    [0, 3],
    [0, 300],
  ];
  equal(
    ranges.map(range => digitsFor(range, false)),
    [".3f", ".2f", ",.0f"],
  );
  equal(digitsFor([0, 1], true), ".0%");
});
