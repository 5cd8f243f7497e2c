// Mean test accuracy over the values of one swept field, or of two.

import { percent, points } from "../lib/format.js";
import { escaped, wrapped } from "../lib/html.js";
import { look } from "../lib/looks.js";
import { across as acrossLines, saidOf } from "./baselines.js";
import { empty, figure, titled } from "./figure.js";
import { barsOf, interval, rangeWith, scaleOf } from "./intervals.js";

const NO_RESULT = "No run has a test result yet.";
const ROOM = 0.03;

const said = cells =>
  cells.map(cell => `${cell.name} ${percent(cell.accuracy.value)}${interval(cell.accuracy)}`);

export function drawSweep(plot, axis, cells, baselines) {
  const shown = cells.filter(cell => cell.accuracy);
  const words = `Test accuracy over ${axis.label}: ${said(shown).join("; ")}.${saidOf(baselines)}`;
  if (!shown.length) return empty(plot, words, NO_RESULT);
  const values = shown.map(cell => cell.accuracy);
  const [x, horizontal] = placesOf(axis, shown);
  const { colour } = look(0);
  const trace = {
    mode: horizontal.type === "category" ? "markers" : "lines+markers",
    x,
    y: values.map(value => value.value),
    error_y: barsOf(values, colour),
    line: { color: colour, width: 2 },
    marker: { size: 10, color: colour },
    hovertemplate: said(shown).map(text => `${escaped(text)}<extra></extra>`),
  };
  figure(plot, words, [trace], {
    height: 360,
    ...acrossLines(baselines),
    xaxis: { title: titled(escaped(axis.label)), ...horizontal },
    yaxis: {
      tickformat: ".0%",
      title: titled("test accuracy"),
      range: rangeWith(values, baselines, ROOM),
    },
  });
}

// Positive numbers on an axis of numbers, by their logarithm where they reach far; else by name.
function placesOf({ field, is_number }, cells) {
  const names = cells.map(cell => cell.values[field]);
  const numbers = names.map(name => Number(name.replace(/,/g, "")));
  if (!is_number || !numbers.every(number => number > 0)) return [names, { type: "category" }];
  const isFar = Math.max(...numbers) >= 8 * Math.min(...numbers);
  const marks = { tickmode: "array", tickvals: numbers, ticktext: numbers.map(String) };
  return [numbers, { type: isFar ? "log" : "linear", ...marks }];
}

// Over two fields, written into the cells of a grid.
export function drawHeatMap(plot, across, down, cells) {
  const at = (x, y) =>
    cells.find(({ values }) => values[across.field] === x && values[down.field] === y)?.accuracy;
  // Colours span an interval at least: noise must not look like a signal.
  const [zmin, zmax] = scaleOf(cells.map(cell => cell.accuracy).filter(Boolean));
  const grid = down.values.map(y => across.values.map(x => at(x, y)));
  const shown = cells.filter(cell => cell.accuracy);
  const words = `Test accuracy over ${across.label} and ${down.label}: ${said(shown).join("; ")}.`;
  if (!grid.flat().some(Boolean)) return empty(plot, words, NO_RESULT);
  const trace = {
    type: "heatmap",
    x: across.values.map(value => wrapped(value, 14)),
    y: down.values.map(value => wrapped(value, 14)),
    z: grid.map(row => row.map(estimate => estimate?.value ?? null)),
    text: grid.map(row => row.map(inCell)),
    texttemplate: "%{text}",
    colorscale: "Cividis",
    zmin,
    zmax,
    xgap: 3,
    ygap: 3,
    colorbar: { tickformat: ".0%", thickness: 12, outlinewidth: 0 },
    hovertemplate: `${escaped(across.label)} %{x}, ${escaped(down.label)} %{y}: %{text}<extra></extra>`,
  };
  const layout = {
    height: 120 + 60 * down.values.length,
    margin: { l: 60, r: 12, t: 10, b: 50 },
    xaxis: { type: "category", title: titled(escaped(across.label)) },
    yaxis: { type: "category", title: titled(escaped(down.label)) },
  };
  figure(plot, words, [trace], layout);
}

function inCell(estimate) {
  if (!estimate) return "–";
  const { value, low, high } = estimate;
  return `${percent(value)}${low == null ? "" : `<br>± ${points((high - low) / 2)}`}`;
}
