// Lines to beat across a chart of accuracies.

import { percent } from "../lib/format.js";
import { escaped } from "../lib/html.js";
import { css } from "./figure.js";

const SHORT = { "TF-IDF + logistic regression": "TF-IDF", "Majority class": "Guessing" };
const DASHES = {
  "Majority class": "dot",
  "TF-IDF + logistic regression": "dash",
  "Head only": "dashdot",
};

function labelOf({ name, detail, accuracy }, lines, written = percent) {
  const isOneOfSeveral = lines.filter(other => other.name === name).length > 1;
  const which = isOneOfSeveral && detail ? ` (${detail.replace(/ of .*/, "")})` : "";
  return `${SHORT[name] || name}${which} ${written(accuracy)}`;
}

export const saidOf = lines =>
  lines.length ? ` Baselines: ${lines.map(line => labelOf(line, lines)).join("; ")}.` : "";

// As shapes and annotations of a layout, lines and their labels in the order of `lines`.
function drawn(lines, place, label, written) {
  const color = css("--body-text-color-subdued");
  const sorted = [...lines].sort((a, b) => a.accuracy - b.accuracy);
  return {
    shapes: sorted.map(line => ({
      type: "line",
      layer: "below",
      ...place(line.accuracy),
      line: { color, width: 1.5, dash: DASHES[line.name] || "longdash" },
    })),
    annotations: sorted.map((line, index) => ({
      text: escaped(labelOf(line, sorted, written)),
      showarrow: false,
      font: { size: 11, color },
      yanchor: "bottom",
      ...label(line.accuracy, index),
    })),
  };
}

// Of accuracies, or of what else is `written`, that go up; the labels at either side in turn.
export const across = (lines, written) =>
  drawn(
    lines,
    y => ({ y0: y, y1: y, xref: "paper", x0: 0, x1: 1 }),
    (y, index) => ({ y, xref: "paper", ...(index % 2 ? LEFT : RIGHT) }),
    written,
  );

const LEFT = { x: 0, xanchor: "left" };
const RIGHT = { x: 1, xanchor: "right" };

// Of accuracies that go to the right; the labels in a staircase, so that none hides another.
export const upright = (lines, steps, [low, high]) =>
  drawn(
    lines,
    x => ({ x0: x, x1: x, yref: "paper", y0: 0, y1: 1 }),
    (x, index) => ({
      x,
      xanchor: anchorAt((x - low) / (high - low)),
      yref: "paper",
      y: 1,
      yshift: 2 + 14 * (index % steps),
    }),
  );

// A label near an edge stays inside.
function anchorAt(share) {
  if (share < 0.25) return "left";
  return share > 0.75 ? "right" : "center";
}
