import { saidOf } from "/assets/charts/baselines.js";
import { barsOf, interval, rangeWith } from "/assets/charts/intervals.js";
import { frontierOf } from "/assets/charts/pareto.js";
import { reliability } from "/assets/charts/reliability.js";
import { mistakesOf } from "/assets/compare/mistakes.js";
import { pairsOf } from "/assets/compare/pairs.js";
import { look } from "/assets/lib/looks.js";
import { equal, near, test } from "/tests/runner.js";

const drawn = content => {
  const holder = document.createElement("div");
  holder.innerHTML = content;
  return holder;
};
const texts = (holder, selector) => [...holder.querySelectorAll(selector)].map(e => e.textContent);
const bins = [{ confidence: 0.6, accuracy: 0.5, count: 10 }];
const run = (labels, confusion) => ({
  name: "<b>A",
  labels,
  texts: "sentences",
  look: look(0),
  quality: { confusion, bins },
});

test("a confusion of two labels names them", () => {
  const holder = drawn(
    mistakesOf(
      run(
        ["negative", "positive"],
        [
          [90, 10],
          [20, 80],
        ],
      ),
    ),
  );
  equal(texts(holder, "th"), ["said negative", "said positive", "is negative", "is positive"]);
  equal(texts(holder, ".pd-right"), ["90", "80"]);
  equal(texts(holder, ".pd-wrong"), ["10", "20"]);
  equal(holder.querySelector("h3").textContent.trim(), "<b>A");
});

test("a confusion of five labels is five by five", () => {
  const labels = ["one", "two", "three", "four", "<five>"];
  const holder = drawn(
    mistakesOf(
      run(
        labels,
        labels.map((_, row) => labels.map((_, column) => row + column)),
      ),
    ),
  );
  equal(texts(holder, "caption"), ["Confusion, in sentences"]);
  equal(texts(holder, "td:not(:empty)").length, 25);
  equal(texts(holder, ".pd-right"), ["0", "2", "4", "6", "8"]);
  equal(texts(holder, "th").at(-1), "is <five>");
});

test("confidence begins at that of guessing", () => {
  const leftmost = labels => {
    const bin = { confidence: 1 / labels.length, accuracy: 0.5, count: 1 };
    return Number(
      drawn(reliability("A", [bin], labels, "red"))
        .querySelector("circle")
        .getAttribute("cx"),
    );
  };
  equal([leftmost(["a", "b"]), leftmost(["a", "b", "c", "d", "e"])], [24, 24]);
});

test("refused pairs are told once for a reason, with their names", () => {
  const named = ["a", "b", "c"].map(run_id => ({
    run_id,
    name: run_id.toUpperCase(),
    look: look(0),
  }));
  const refused = [
    ["a", "b"],
    ["a", "c"],
  ].map(([first, second]) => ({ first, second, reason: "Other reviews." }));
  const holder = drawn(pairsOf({ pairs: [], refused, repeat_pairs: [] }, named));
  equal(texts(holder, ".pd-warning li"), ["Other reviews.A and B; A and C"]);
});

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
  const pareto = { measures: [y, x], frontiers: { "accuracy|size": ["a", "b"] } };
  equal(
    [frontierOf(pareto, x, y), frontierOf(pareto, y, x)],
    [
      ["a", "b"],
      ["a", "b"],
    ],
  );
  equal([frontierOf(pareto, x, x), frontierOf(pareto, y, y)], [["a"], ["b"]]);
});
