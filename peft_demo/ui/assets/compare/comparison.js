// Up to eight runs beside each other.

import { drawForest } from "../charts/forest.js";
import { KINDS } from "../lib/curves.js";
import { lookOf } from "../runs.js";
import * as disagreements from "./disagreements.js";
import { drawAll, drawCosts, estimateOf } from "./figures.js";
import { dressAll, plot } from "./layout.js";
import { options } from "./options.js";

export function drawComparison({ comparison, curves, means, texts }) {
  const { runs, repeats, pareto, baselines } = comparison;
  if (!runs.length) return;
  const named = runs.map(run => ({
    ...run,
    id: run.run_id,
    look: lookOf(run.run_id),
    estimate: estimateOf(run),
    curve: curves[run.run_id],
  }));
  dressAll(named);
  drawForest(plot("forest"), named, baselines);
  drawCosts(pareto, named);
  drawAll(KINDS, kind => seriesOf(kind, named, repeats, means), { baselines, texts });
  disagreements.show(named);
}

// Repeats as their mean, unless a person wants each of them; then every run by itself. The first is
// drawn last, above the others.
function seriesOf({ track }, named, repeats, means) {
  const averaged = options.mean && track === "by_epoch" ? repeats : [];
  const inMeans = new Set(averaged.flatMap(cell => cell.run_ids));
  return [
    ...averaged.map(({ cell_id, name, run_ids }) => ({
      name: `${name} (mean of ${run_ids.length})`,
      look: lookOf(run_ids[0]),
      curve: means[cell_id],
    })),
    ...named.filter(run => !inMeans.has(run.id)),
  ].reverse();
}
