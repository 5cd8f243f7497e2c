import { drawMade } from "/assets/charts/made.js";
import { lookOf } from "/assets/runs.js";
import { equal, test } from "/tests/runner.js";

// Instead of Plotly: what it was given.
let given = null;
window.Plotly = {
  react(_, traces, layout) {
    given = { traces, layout };
  },
  purge() {},
};

test("a figure of the server's is drawn in the page's colours and runs' looks", () => {
  document.body.style.setProperty("--of-the-page", "#123456");
  const plot = document.createElement("div");
  const marker = { color: { $colour: "run-000003" }, symbol: { $marker: "run-000003" } };
  const lines = [{ accuracy: 0.5, label: "<Guessing>", dash: "dot" }];
  const layout = { height: 77, xaxis: { color: { $css: "--of-the-page" } } };
  const traces = [{ name: "--of-the-page", x: [1], marker }];
  drawMade(plot, { label: "In words", traces, layout, lines });
  const { colour, marker: symbol } = lookOf("run-000003");
  equal(given.traces[0].marker, { color: colour, symbol });
  equal([given.traces[0].name, given.traces[0].x], ["--of-the-page", [1]]);
  equal([given.layout.height, given.layout.xaxis.color], [77, "#123456"]);
  equal(given.layout.annotations[0].text, "&#60;Guessing&#62;");
  equal(plot.getAttribute("aria-label"), "In words");
});

test("a sentence stands where nothing can be drawn", () => {
  const plot = document.createElement("div");
  drawMade(plot, { label: "In words", sentence: "No run has both." });
  equal([plot.textContent, plot.getAttribute("aria-label")], ["No run has both.", "In words"]);
});
