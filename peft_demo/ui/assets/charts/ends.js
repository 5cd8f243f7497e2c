// Names at the ends of curves, so that nobody has to look them up; curves that end alike share one.

import { percent } from "../lib/format.js";
import { cut, escaped } from "../lib/html.js";
import { runsIn } from "../lib/texts.js";
import { across } from "./baselines.js";
import { css } from "./figure.js";

const LINE = 15;
const LONGEST = 18;
const NARROWEST = 420;
const ROOM = 206;

// `ends`: a list of { name, colour, value }, of lines to beat with the whole `text`; answers
// { y, text, colour } from the top down, a line of text apart within `range` of `height` pixels.
export function labelsOf(ends, [low, high], height) {
  const alike = Map.groupBy(ends, ({ value, text }) => text ?? percent(value));
  const labels = [...alike].map(([value, [{ value: y, text, name, colour }, ...more]]) => ({
    y,
    text: text ?? `${more.length ? runsIn([name, ...more]) : cut(name, LONGEST)}: ${value}`,
    colour: more.length ? null : colour,
  }));
  labels.sort((a, b) => b.y - a.y);
  const apart = (high - low) / Math.max(height / LINE, labels.length);
  return spread(labels, apart, [low, high]);
}

// Pushed down from the top, and up again from the bottom where there is no room left.
function spread(labels, apart, [low, high]) {
  let edge = high;
  for (const label of labels) {
    label.y = Math.min(label.y, edge);
    edge = label.y - apart;
  }
  edge = low;
  for (const label of labels.toReversed()) {
    label.y = Math.max(label.y, edge);
    edge = label.y + apart;
  }
  return labels;
}

// As a part of a layout, with the lines to beat: beside the plot, or below one that is too narrow.
export function atTheEnds(plot, shown, kind, range, lines) {
  const { shapes, annotations } = across(lines);
  if (!kind.isShare) return { shapes, annotations };
  const [colour, quiet] = ["--body-text-color", "--body-text-color-subdued"].map(css);
  const beside = { xref: "paper", x: 1, xanchor: "left", xshift: 6, showarrow: false };
  plot.dataset.below = plot.clientWidth < NARROWEST ? (LINE + 1) * lines.length : "";
  if (plot.dataset.below) {
    const text = lines.map(({ label }) => escaped(label)).join("<br>");
    const below = { x: 0, xshift: 0, yref: "paper", y: 0, yanchor: "top", yshift: -46 };
    const more = { text, align: "left", font: { size: 12, color: quiet } };
    const margin = { l: 52, r: 12, t: 8, b: 48 + Number(plot.dataset.below) };
    return { shapes, margin, annotations: [{ ...beside, ...below, ...more }] };
  }
  const ends = shown.map(({ name, look, curve }) => ({
    name,
    colour: look.colour,
    value: curve[kind.track][kind.key].at(-1),
  }));
  ends.push(...lines.map(({ accuracy: value, label: text }) => ({ value, text })));
  const room = plot.clientHeight - 50;
  const labels = labelsOf(ends, range, room).map((label, _index, { length }) => ({
    ...beside,
    y: label.y,
    // Some runs' colours are no text's.
    text: `<span style="color:${label.colour ?? "transparent"}">●</span> ${escaped(label.text)}`,
    font: { size: Math.min(12, room / length), color: label.colour === undefined ? quiet : colour },
  }));
  return { shapes, annotations: labels, margin: { l: 52, r: ROOM, t: 8, b: 42 } };
}
