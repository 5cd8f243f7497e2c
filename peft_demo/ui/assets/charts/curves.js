// Curves of runs, on the board and on the compare page.

import { axisOf, digitsFor, rangeOf, reachOf, smoothed, valuesOf } from "../lib/curves.js";
import { percent, score } from "../lib/format.js";
import { escaped } from "../lib/html.js";
import { _ } from "../lib/texts.js";
import { atTheEnds } from "./ends.js";
import { empty, figure, titled } from "./figure.js";

const MOST_MARKERS = 12;

// `series`: a list of { name, look, curve }; `x`: which axis; `smoothing`: of the training loss;
// `texts`: what the runs read.
export function drawCurves(plot, kind, series, chosen) {
  const { x, smoothing = 0.9, log = false, baselines, texts = _("texts") } = chosen;
  const along = axisOf(x, texts);
  const shown = series.filter(({ curve }) => valuesOf(curve, kind).length);
  const lines = kind.isShare ? baselines : guessesOf(shown, log);
  const beaten = kind.isShare && lines.map(line => line.label).join("; ");
  const about = { title: plot.dataset.title, along, ends: endsOf(kind, series) };
  const more = beaten ? ` ${_("Baselines: %(beaten)s.", { beaten })}` : "";
  const label = _("%(title)s against %(along)s: %(ends)s.", about) + more;
  if (!shown.length) {
    const why = series.length ? _("No run has a curve yet.") : _("No run is selected.");
    return empty(plot, label, why);
  }
  const keep = kind.key === "loss" ? smoothing : 0;
  const traces = shown.flatMap(run => tracesOf(kind, run, { x, along, keep }, shown.length));
  plot.again = () => drawCurves(plot, kind, series, chosen);
  const vertical = verticalOf(kind, shown, log, lines);
  figure(plot, label, traces, {
    uirevision: `${x} ${log}`,
    ...atTheEnds(plot, shown, kind, vertical.range, lines),
    xaxis: { title: titled(along), rangemode: "tozero", ...marksOf(kind, shown, x) },
    yaxis: vertical,
  });
}

// The loss of guessing among the labels of these runs. On a log scale lines have other places.
function guessesOf(shown, log) {
  const numbers = new Set(shown.map(run => run.num_labels).filter(Boolean));
  const losses = log ? [] : [...numbers].map(Math.log);
  const label = loss => `${_("Guessing")} ${score(loss)}`;
  return losses.map(loss => ({ accuracy: loss, label: label(loss), dash: "dot" }));
}

function endsOf(kind, series) {
  const ends = series.map(({ name, curve }) => {
    const last = valuesOf(curve, kind).at(-1);
    if (last === undefined) return _("%(name)s has none yet", { name });
    const value = kind.isShare ? percent(last) : score(last);
    return _("%(name)s ends at %(value)s", { name, value });
  });
  return ends.join("; ") || _("no run is selected");
}

// Whole epochs, each marked while there are few.
function marksOf(kind, shown, x) {
  if (x !== "epochs" || kind.track !== "by_epoch") return {};
  const longest = Math.max(...shown.map(({ curve }) => curve.by_epoch.epochs.at(-1)));
  return { tickformat: "d", dtick: longest > 12 ? undefined : 1 };
}

function verticalOf(kind, shown, log, lines) {
  if (log && !kind.isShare) return { type: "log", autorange: true, tickformat: ".2~r" };
  const perRun = shown.map(({ curve }) => reachOf(curve, kind));
  const beaten = lines.map(line => line.accuracy);
  const range = rangeOf(perRun, kind.isShare, beaten);
  return { type: "linear", range, tickformat: digitsFor(range, kind.isShare) };
}

function tracesOf(kind, { name, look, curve }, { x, along, keep }, count) {
  const track = curve[kind.track];
  const trace = {
    name: escaped(name),
    x: track[x],
    y: track[kind.key],
    mode: "lines+markers",
    line: { color: look.colour, dash: look.dash, width: 2 },
    // Of many points some, so that the curve stays a line.
    marker: { symbol: look.marker, size: 7, maxdisplayed: MOST_MARKERS },
    hovertemplate: `%{fullData.name}<br>${along} %{x:,.4~r}: %{y:${kind.isShare ? ".1%" : ".3f"}}<extra></extra>`,
  };
  const silent = { ...trace, mode: "lines", hoverinfo: "skip", hovertemplate: undefined };
  const low = track[`${kind.key}_low`];
  if (low) {
    const edge = { ...silent, line: { width: 0 } };
    const fill = { fill: "tonexty", fillcolor: `${look.colour}33` };
    return [{ ...edge, y: low }, { ...edge, y: track[`${kind.key}_high`], ...fill }, trace];
  }
  if (!keep) return [trace];
  const steady = { ...trace, y: smoothed(trace.y, keep) };
  // Of many runs the single steps are a cloud.
  if (count > 8) return [steady];
  const opacity = count > 4 ? 0.12 : 0.22;
  const raw = { ...silent, opacity, line: { color: look.colour, width: 1 } };
  return [raw, steady];
}
