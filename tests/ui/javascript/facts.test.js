import { saidOf } from "/assets/charts/baselines.js";
import { barsOf, interval, rangeWith, scaleOf } from "/assets/charts/intervals.js";
import { frontierOf } from "/assets/charts/pareto.js";
import { equal, near, test } from "/tests/runner.js";

test("bars reach from the value to both ends of its interval", () => {
  const { array, arrayminus } = barsOf(
    [
      { value: 0.5, low: 0.4, high: 0.7 },
      { value: 1, low: null, high: null },
    ],
    "red",
  );
  near(array[0], 0.2);
  near(arrayminus[0], 0.1);
  equal([array[1], arrayminus[1]], [0, 0]);
});

test("without intervals there are no bars and no words", () => {
  const estimate = { value: 1, low: null, high: null };
  equal([barsOf([estimate], "red"), interval(estimate)], [undefined, ""]);
});

test("a chart holds all intervals and lines, with room", () => {
  const [low, high] = rangeWith([{ value: 0.5, low: 0.4, high: 0.6 }], [{ accuracy: 0.3 }], 0.05);
  near(low, 0.25);
  near(high, 0.65);
});

test("colours span an interval at least, so that noise does not look like a signal", () => {
  const estimate = value => ({ value, low: value - 0.05, high: value + 0.05 });
  const [low, high] = scaleOf([0.6, 0.62, 0.61].map(estimate));
  near(low, 0.56);
  near(high, 0.66);
  const [least, most] = scaleOf([0.5, 0.9, 0.6].map(estimate));
  near(least, 0.5);
  near(most, 0.9);
  const alone = { value: 0.5, low: null, high: null };
  equal(scaleOf([alone]), [0.5, 0.5]);
});

test("baselines of one name are told apart", () => {
  const lines = [
    { name: "TF-IDF + logistic regression", detail: "160 of 2,000 reviews", accuracy: 0.6 },
    { name: "TF-IDF + logistic regression", detail: "2,000 of 2,000 reviews", accuracy: 0.8 },
    { name: "Majority class", detail: "", accuracy: 0.5 },
  ];
  equal(
    saidOf(lines).replaceAll("\u00a0", " "),
    " Baselines: TF-IDF (160) 60.0 %; TF-IDF (2,000) 80.0 %; Guessing 50.0 %.",
  );
});

test("the frontier of two measures is found in whichever order they are asked", () => {
  const [x, y] = ["size", "accuracy"].map(key => ({
    key,
    smaller_is_better: key === "size",
    values: { a: { value: 1 }, b: { value: 2 } },
  }));
  const pareto = {
    measures: [y, x],
    frontiers: { "accuracy|size": ["a", "b"], "size|size": ["a"] },
  };
  equal(
    [frontierOf(pareto, x, y), frontierOf(pareto, y, x)],
    [
      ["a", "b"],
      ["a", "b"],
    ],
  );
  equal([frontierOf(pareto, x, x), frontierOf(pareto, y, y)], [["a"], []]);
});
