// The figures that two to eight runs and a group have alike: curves, and quality against cost.

import { drawCurves } from "../charts/curves.js";
import { drawPareto, frontierOf } from "../charts/pareto.js";
import { fill, plot } from "./layout.js";
import { options } from "./options.js";

const MOST_REASONS = 4;

// `seriesOf`: a kind's runs, as drawCurves takes them.
export function drawAll(kinds, seriesOf, { baselines, texts }) {
  for (const kind of kinds) {
    drawCurves(plot(kind.key), kind, seriesOf(kind), { ...options, baselines, texts });
  }
}

// `points`: a list of { id, name, look }.
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
