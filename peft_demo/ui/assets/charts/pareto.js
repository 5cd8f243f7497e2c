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
  "milliseconds per review": "ms per review",
};

const titleOf = ({ label, unit }) => titled(UNITS[unit] ? `${label} (${UNITS[unit]})` : label);

// `points`: by id { name, look }; `x` and `y` are measures.
export function drawPareto(plot, points, x, y, frontier, isLog) {
  const ids = Object.keys(points).filter(id => x.values[id] && y.values[id]);
  const on = frontier.filter(id => ids.includes(id));
  const beaten = ids.filter(id => !on.includes(id));
  const at = id => {
    const values = [x, y].map(({ values, unit }) => measured(values[id].value, unit));
    return `${points[id].name}: ${values.join(", ")}`;
  };
  const listed = some => some.map(at).join("; ") || "nobody";
  const label =
    `${y.label} against ${x.label.toLowerCase()}. On the frontier: ${listed(on)}. ` +
    `Beaten in both: ${listed(beaten)}.`;
  if (!ids.length) return empty(plot, label, "No run has both.");
  const [px, py] = [x, y].map(({ values, unit }) =>
    axisFor(
      ids.map(id => values[id].value),
      unit,
      isLog,
    ),
  );
  const traceOf = id => {
    const [a, b] = [x.values[id], y.values[id]];
    const isOn = on.includes(id);
    const color = isOn ? points[id].look.colour : GREY;
    return {
      type: "scatter",
      mode: isOn ? "markers+text" : "markers",
      name: escaped(points[id].name),
      x: [px.place(a.value)],
      y: [py.place(b.value)],
      text: [`&nbsp;${escaped(cut(points[id].name, 24))}&nbsp;`],
      textposition: `bottom ${px.share(a.value) > 0.5 ? "left" : "right"}`,
      marker: {
        color,
        symbol: points[id].look.marker,
        size: isOn ? 13 : 10,
        opacity: isOn ? 1 : 0.75,
      },
      error_x: barsOf([a], color, px.place),
      error_y: barsOf([b], color, py.place),
      hovertemplate: `${escaped(at(id))}${isOn ? "" : "<br>beaten in both"}<extra></extra>`,
    };
  };
  const corners = [...on].sort((a, b) => x.values[a].value - x.values[b].value);
  const line = {
    type: "scatter",
    mode: "lines",
    hoverinfo: "skip",
    x: corners.map(id => px.place(x.values[id].value)),
    y: corners.map(id => py.place(y.values[id].value)),
    line: {
      color: css("--body-text-color-subdued"),
      width: 1.5,
      dash: "dot",
      shape: x.smaller_is_better ? "hv" : "vh",
    },
  };
  figure(plot, label, [line, ...ids.map(traceOf)], {
    uirevision: `${x.key} ${y.key} ${isLog}`,
    height: 380,
    margin: { l: 60, r: 16, t: 16, b: 46 },
    xaxis: { title: titleOf(x), ...px.axis },
    yaxis: { title: titleOf(y), ...py.axis },
  });
}

// The ids that none beats in both of two measures.
export function frontierOf({ measures, frontiers }, x, y) {
  if (x === y) return bestOf(x);
  const keys = measures.filter(each => each === x || each === y).map(each => each.key);
  return frontiers[keys.join("|")] || [];
}

function bestOf({ values, smaller_is_better }) {
  const all = Object.values(values).map(({ value }) => value);
  const best = smaller_is_better ? Math.min(...all) : Math.max(...all);
  return Object.keys(values).filter(id => values[id].value === best);
}
