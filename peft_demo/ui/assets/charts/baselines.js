// Lines to beat across a chart of accuracies, from the lowest up: { accuracy, label, dash }.

import { escaped } from "../lib/html.js";
import { css } from "./figure.js";

// As shapes and annotations of a layout; the labels at either side in turn.
export function across(lines) {
  const color = css("--body-text-color-subdued");
  return {
    shapes: lines.map(({ accuracy: y, dash }) => ({
      type: "line",
      layer: "below",
      ...{ y0: y, y1: y, xref: "paper", x0: 0, x1: 1 },
      line: { color, width: 1.5, dash },
    })),
    annotations: lines.map(({ accuracy: y, label }, index) => ({
      text: escaped(label),
      showarrow: false,
      font: { size: 11, color },
      ...{ y, yanchor: "bottom", xref: "paper" },
      ...(index % 2 ? { x: 0, xanchor: "left" } : { x: 1, xanchor: "right" }),
    })),
  };
}
