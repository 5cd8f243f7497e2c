// Test accuracies below each other, with their intervals and the baselines as upright lines.

import { percent } from "../lib/format.js";
import { cut, escaped } from "../lib/html.js";
import { saidOf, upright } from "./baselines.js";
import { empty, figure, titled } from "./figure.js";
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
  const range = rangeWith(
    shown.map(point => point.estimate),
    baselines,
    ROOM,
  );
  const names = shown.map(point => point.name);
  const layout = {
    height: 90 + 14 * steps + 46 * shown.length,
    margin: { l: 10, r: 22, t: 10 + 14 * steps, b: 42 },
    ...upright(baselines, steps, range),
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
      // Names stand above their bars, where they have room on a phone too.
      ticklabelposition: "inside top",
      ticktext: names.map(name => escaped(cut(name, 44))),
      tickvals: names,
      showgrid: false,
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
