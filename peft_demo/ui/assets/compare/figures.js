// The figures that two to eight runs and a group have alike: curves, and quality against cost.

import { drawCurves } from "../charts/curves.js";
import { drawPareto, frontierOf } from "../charts/pareto.js";
import { KINDS } from "../lib/curves.js";
import { html } from "../lib/html.js";
import { fill, panel, plot, plotOf } from "./layout.js";
import { options, paretoControls } from "./options.js";

const MOST_REASONS = 4;

export const kindsOf = (...keys) => KINDS.filter(({ key }) => keys.includes(key));

export const curvePanels = kinds =>
  html`<div class="pd-charts" data-count="${kinds.length}">${kinds.map(
    ({ key, title, by }) => html`<figure class="pd-panel">
    <figcaption><h2>${title} <span class="pd-quiet">${by}</span></h2></figcaption>${plotOf(key)}</figure>`,
  )}</div>`;

// `seriesOf`: a kind's runs, as drawCurves takes them.
export function drawAll(kinds, seriesOf, baselines) {
  for (const kind of kinds) {
    drawCurves(plot(kind.key), kind, seriesOf(kind), { ...options, baselines });
  }
}

export const paretoPanel = ({ measures }) =>
  panel(
    "Quality against cost",
    "dotted: the frontier; grey: beaten in both",
    html`${paretoControls(measures)}${plotOf("pareto", 380)}<p class="pd-quiet" data-part="missing"></p>
      <p class="pd-quiet">Bars are 95 % intervals. The frontier goes by the measured values alone: whether two neighbours truly differ, the pairs say.</p>`,
  );

// `points`: by id { name, look }.
export function drawCosts(pareto, points) {
  const [x, y] = [options.px, options.py].map(key => pareto.measures.find(m => m.key === key));
  drawPareto(plot("pareto"), points, x, y, frontierOf(pareto, x, y), options.plog);
  const reasons = [...new Set([x, y].flatMap(({ missing }) => Object.values(missing)))];
  const more = reasons.length - MOST_REASONS;
  const told = reasons.slice(0, MOST_REASONS).join(" ");
  fill("missing", told && `Not drawn: ${told}${more > 0 ? ` … and ${more} more.` : ""}`);
}

// A run's test accuracy with its interval, as figures take it.
export const estimateOf = ({ quality }) =>
  quality && { value: quality.accuracy, low: quality.low, high: quality.high };
