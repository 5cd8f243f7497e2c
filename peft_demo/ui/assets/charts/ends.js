// Names at the ends of curves, so that nobody has to look them up; curves that end alike share one.

import { percent } from "../lib/format.js";
import { cut, escaped } from "../lib/html.js";
import { runsIn } from "../lib/texts.js";

const LINE = 15;
const LONGEST = 18;
const NARROWEST = 420;
const ROOM = 180;

// `ends`: a list of { name, colour, value }; answers { y, text, colour } from the top down, at least a
// line of text apart within `range`, which is `height` pixels high.
export function labelsOf(ends, [low, high], height) {
  const alike = Map.groupBy(ends, ({ value }) => percent(value));
  const labels = [...alike].map(([value, runs]) => ({
    y: runs[0].value,
    text: `${runs.length > 1 ? runsIn(runs) : cut(runs[0].name, LONGEST)}: ${value}`,
    colour: runs.length > 1 ? null : runs[0].colour,
  }));
  return spread(
    labels.sort((a, b) => b.y - a.y),
    (high - low) * (LINE / height),
    [low, high],
  );
}

// Pushed down from the top, and up again from the bottom where there is no room left.
function spread(labels, apart, [low, high]) {
  let most = high;
  const down = labels.map(label => {
    const y = Math.min(label.y, most);
    most = y - apart;
    return { ...label, y };
  });
  let least = low;
  return down
    .toReversed()
    .map(label => {
      const y = Math.max(label.y, least);
      least = y + apart;
      return { ...label, y };
    })
    .toReversed();
}

// As a part of a layout; nothing where the plot is too narrow.
export function atTheEnds(plot, shown, kind, range, colour) {
  if (!kind.isShare || plot.clientWidth < NARROWEST) return { annotations: [] };
  const ends = shown.map(({ name, look, curve }) => ({
    name,
    colour: look.colour,
    value: curve[kind.track][kind.key].at(-1),
  }));
  const annotations = labelsOf(ends, range, plot.clientHeight - 50).map(label => ({
    xref: "paper",
    x: 1,
    xanchor: "left",
    xshift: 6,
    y: label.y,
    text: escaped(label.text),
    font: { size: 12, color: label.colour || colour },
    showarrow: false,
  }));
  return { annotations, margin: { l: 52, r: ROOM, t: 8, b: 42 } };
}
