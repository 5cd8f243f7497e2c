// Test accuracies below each other, with their intervals and the baselines as upright lines.

import { percent } from "../lib/format.js";
import { cut, escaped, wrapped } from "../lib/html.js";
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
  // On a phone names stand above their bars.
  const isNarrow = plot.clientWidth < 380;
  const steps = Math.max(1, Math.min(6, baselines.length));
  const range = rangeWith(
    shown.map(point => point.estimate),
    baselines,
    ROOM,
  );
  const { shapes, annotations } = upright(baselines, steps, range);
  const names = shown.map(point => point.name);
  const layout = {
    height: 90 + 14 * steps + (isNarrow ? 46 : 34) * shown.length,
    margin: { l: 10, r: 22, t: 10 + 14 * steps, b: 42 },
    shapes,
    annotations: isNarrow ? [...annotations, ...names.map(above)] : annotations,
    xaxis: {
      range,
      tickformat: ".0%",
      tickangle: 0,
      nticks: isNarrow ? 5 : 7,
      title: titled("test accuracy"),
    },
    yaxis: {
      type: "category",
      categoryarray: [...names].reverse(),
      categoryorder: "array",
      tickvals: names,
      ticktext: names.map(name => wrapped(name)),
      showticklabels: !isNarrow,
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
  hovertemplate: `%{fullData.name}: %{x:.1%}${escaped(interval(estimate))}<extra></extra>`,
});

const above = name => ({
  text: escaped(cut(name, 40)),
  xref: "paper",
  x: 0,
  xanchor: "left",
  y: name,
  yanchor: "bottom",
  yshift: 7,
  showarrow: false,
  font: { size: 12 },
  bgcolor: css("--block-background-fill"),
  borderpad: 1,
});
