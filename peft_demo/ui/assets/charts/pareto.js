// Quality against cost: each run at two of its measures, and the frontier that none beats in both.

import { axisFor } from "../lib/axis.js";
import { measured } from "../lib/format.js";
import { cut, escaped } from "../lib/html.js";
import { css, empty, figure, titled } from "./figure.js";
import { barsOf } from "./intervals.js";

const GREY = "#8b97a8";
const UNITS = {
  bytes: "MB",
  seconds: "s",
  nats: "nats",
  "milliseconds per text": "ms per text",
};

const titleOf = ({ label, unit }) => titled(UNITS[unit] ? `${label} (${UNITS[unit]})` : label);

// `points`: a list of { id, name, look }; `x` and `y` are measures; `frontier` are ids.
export function drawPareto(plot, points, x, y, frontier, isLog) {
  const shown = points
    .filter(({ id }) => x.values[id] && y.values[id])
    .map(point => pointOf(point, x, y, frontier));
  const [on, beaten] = [true, false].map(isOn => shown.filter(point => point.isOn === isOn));
  const listed = some => some.map(point => point.said).join("; ") || "nobody";
  const label =
    `${y.label} against ${x.label.toLowerCase()}. On the frontier: ${listed(on)}. ` +
    `Beaten in both: ${listed(beaten)}.`;
  if (!shown.length) return empty(plot, label, "No run has both.");
  const px = axisFor(
    shown.map(point => point.x.value),
    x.unit,
    isLog,
  );
  const py = axisFor(
    shown.map(point => point.y.value),
    y.unit,
    isLog,
  );
  const corners = on.sort((a, b) => a.x.value - b.x.value);
  const line = {
    mode: "lines",
    hoverinfo: "skip",
    x: corners.map(point => px.place(point.x.value)),
    y: corners.map(point => py.place(point.y.value)),
    line: {
      color: css("--body-text-color-subdued"),
      width: 1.5,
      dash: "dot",
      shape: x.smaller_is_better ? "hv" : "vh",
    },
  };
  figure(plot, label, [line, ...shown.map(point => traceOf(point, px, py))], {
    uirevision: `${x.key} ${y.key} ${isLog}`,
    height: 380,
    margin: { l: 60, r: 16, t: 16, b: 46 },
    xaxis: { title: titleOf(x), ...px.axis },
    yaxis: { title: titleOf(y), ...py.axis },
  });
}

function pointOf(point, x, y, frontier) {
  const values = [x, y].map(({ values, unit }) => measured(values[point.id].value, unit));
  return {
    ...point,
    x: x.values[point.id],
    y: y.values[point.id],
    isOn: frontier.includes(point.id),
    said: `${point.name}: ${values.join(", ")}`,
  };
}

function traceOf({ name, look, x, y, isOn, said }, px, py) {
  const color = isOn ? look.colour : GREY;
  return {
    mode: isOn ? "markers+text" : "markers",
    name: escaped(name),
    x: [px.place(x.value)],
    y: [py.place(y.value)],
    text: [`&nbsp;${escaped(cut(name, 24))}&nbsp;`],
    textposition: `bottom ${px.share(x.value) > 0.5 ? "left" : "right"}`,
    marker: { color, symbol: look.marker, size: isOn ? 13 : 10, opacity: isOn ? 1 : 0.75 },
    error_x: barsOf([x], color, px.place),
    error_y: barsOf([y], color, py.place),
    hovertemplate: `${escaped(said)}${isOn ? "" : "<br>beaten in both"}<extra></extra>`,
  };
}

// The ids that none beats in both of two measures.
export function frontierOf({ measures, frontiers }, x, y) {
  const keys = measures.filter(each => each === x || each === y).map(each => each.key);
  return frontiers[`${keys[0]}|${keys.at(-1)}`] || [];
}
