// Loss over learning rate, as a range test measured it, with its suggestion.

import { look } from "../lib/looks.js";
import { css, figure, titled } from "./figure.js";

const SUGGESTED = "#d55e00";

export function drawRangeTest(plot, test) {
  const { learning_rates: x, losses, smoothed, rate } = test;
  const color = look(0).colour;
  const lowest = Math.min(...smoothed);
  const highest = Math.min(Math.max(...smoothed), 2 * Math.max(...smoothed.slice(0, 10)));
  const room = Math.max(0.02, (highest - lowest) * 0.15);
  const base = { mode: "lines", x };
  const traces = [
    { ...base, y: losses, name: "measured", opacity: 0.3, line: { color, width: 1 } },
    { ...base, y: smoothed, name: "smoothed", line: { color, width: 3 } },
  ];
  const suggestion = rate ? `suggested is ${rate}` : "no suggestion";
  const layout = {
    height: 300,
    margin: { l: 56, r: 12, t: 24, b: 46 },
    xaxis: { type: "log", title: titled("learning rate"), exponentformat: "power", dtick: 1 },
    yaxis: { title: { text: "loss" }, range: [lowest - room, highest + room] },
    ...(rate ? mark(rate) : {}),
  };
  const label = `Loss over learning rate; ${suggestion}.`;
  figure(plot, label, traces, layout);
}

function mark(rate) {
  const line = { color: SUGGESTED, width: 2, dash: "dash" };
  const font = { color: css("--body-text-color") };
  const text = `suggested: ${rate}`;
  return {
    shapes: [{ type: "line", x0: rate, x1: rate, yref: "paper", y0: 0, y1: 1, line }],
    annotations: [{ x: Math.log10(rate), y: 1.07, yref: "paper", text, showarrow: false, font }],
  };
}
