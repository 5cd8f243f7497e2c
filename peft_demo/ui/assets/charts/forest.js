// Test accuracies below each other, with their intervals and the baselines as upright lines.

import { percent } from "../lib/format.js";
import { cut, escaped } from "../lib/html.js";
import { saidOf, upright } from "./baselines.js";
import { css, empty, figure, titled } from "./figure.js";
import { barsOf, interval, rangeWith } from "./intervals.js";

const NO_RESULT = "No run has a test result yet.";
const ROOM = 0.04;

// `points`: a list of { name, look, estimate: { value, low, high } }, the first at the top.
export function drawForest(plot, points, baselines) {
  const shown = points.filter(point => point.estimate);
  const said = shown.map(p => `${p.name} ${percent(p.estimate.value)}${interval(p.estimate)}`);
  const label = `Test accuracy with 95 % intervals: ${said.join("; ")}.${saidOf(baselines)}`;
  if (!shown.length) return empty(plot, label, NO_RESULT);
  const steps = Math.max(1, Math.min(6, baselines.length));
  const estimates = shown.map(point => point.estimate);
  const range = rangeWith(estimates, baselines, ROOM);
  const { shapes, annotations } = upright(baselines, steps, range);
  const names = shown.map(point => point.name);
  const layout = {
    height: 90 + 14 * steps + 46 * shown.length,
    margin: { l: 10, r: 22, t: 10 + 14 * steps, b: 42 },
    shapes,
    annotations: [...annotations, ...names.map(above)],
    xaxis: {
      range,
      tickformat: ".0%",
      tickangle: 0,
      nticks: plot.clientWidth < 380 ? 5 : 7,
      title: titled("test accuracy"),
    },
    yaxis: {
      type: "category",
      categoryarray: [...names].reverse(),
      categoryorder: "array",
      showticklabels: false,
      range: [-0.6, shown.length - 0.4],
    },
  };
  figure(plot, label, shown.map(traceOf), layout);
}

const traceOf = ({ name, look, estimate }) => ({
  mode: "markers",
  name: escaped(name),
  x: [estimate.value],
  y: [name],
  marker: { color: look.colour, symbol: look.marker, size: 11 },
  error_x: barsOf([estimate], look.colour),
  hovertemplate: `%{fullData.name}: ${percent(estimate.value)}${escaped(interval(estimate))}<extra></extra>`,
});

// A name above its bar, where it has room on a phone too.
const above = name => ({
  text: escaped(cut(name, 44)),
  xref: "paper",
  x: 0,
  y: name,
  yshift: 17,
  showarrow: false,
  bgcolor: css("--block-background-fill"),
});
