import { labelsOf } from "/assets/charts/ends.js";
import { equal, near, test } from "/tests/runner.js";

const end = (name, value) => ({ name, colour: `colour of ${name}`, value });

test("curves that end alike share a label, in nobody's colour", () => {
  const ends = [end("A", 0.469), end("B", 0.4691), end("C", 0.839)];
  const labels = labelsOf(ends, [0, 1], 200);
  equal(
    labels.map(({ text, colour }) => [text, colour]),
    [
      ["C: 83.9\u00a0%", "colour of C"],
      ["2 runs: 46.9\u00a0%", null],
    ],
  );
});

test("labels are a line of text apart, from the top down, and inside", () => {
  const ends = [end("A", 0.999), end("B", 0.998), end("C", 0.002), end("D", 0.001)];
  const places = labelsOf(ends, [0, 1], 150).map(({ y }) => y);
  for (const [index, place] of [0.999, 0.898, 0.1, 0].entries()) near(places[index], place, 0.002);
});

test("long names are cut in the middle: those of repeats differ at their ends", () => {
  const [{ text }] = labelsOf([end("LoRA · r 8 · alpha 16 · seed 49", 0.5)], [0, 1], 200);
  equal(text, "LoRA · r … seed 49: 50.0\u00a0%");
});

test("a line to beat stands among the curves' ends by its own words", () => {
  const ends = [end("A", 0.6), { value: 0.62, text: "TF-IDF 62.0 %" }, end("B", 0.8)];
  equal(
    labelsOf(ends, [0, 1], 200).map(({ text, colour }) => [text, colour]),
    [
      ["B: 80.0\u00a0%", "colour of B"],
      ["TF-IDF 62.0 %", undefined],
      ["A: 60.0\u00a0%", "colour of A"],
    ],
  );
});
