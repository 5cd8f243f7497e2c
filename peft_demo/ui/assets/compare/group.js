// A group of runs as a whole: a sweep, repeats of one configuration, or a race.

import { drawForest } from "../charts/forest.js";
import { drawHeatMap, drawSweep } from "../charts/sweep.js";
import { KINDS } from "../lib/curves.js";
import { lookOf } from "../runs.js";
import { MOST } from "./address.js";
import { drawAll, drawCosts, estimateOf } from "./figures.js";
import { dressAll, plot } from "./layout.js";

// Repeats have no curve of single steps.
const BY_EPOCH = KINDS.filter(kind => kind.track === "by_epoch");

export function drawGroup({ group, means, texts }) {
  const { cells, baselines, pareto } = group;
  const named = cells.map(cell => ({
    ...cell,
    id: cell.cell_id,
    look: lookOf(cell.run_ids[0]),
    estimate: cell.accuracy,
    curve: means[cell.cell_id],
  }));
  dressAll(named);
  drawAccuracy(group, named);
  drawCosts(pareto, named);
  if (cells.length <= MOST) drawAll(BY_EPOCH, () => named, { baselines, texts });
}

function drawAccuracy({ axes, cells, runs, baselines }, named) {
  const [across, down] = axes.filter(axis => axis.values.length > 1);
  const figure = plot("sweep");
  if (down) drawHeatMap(figure, across, down, cells);
  else if (across) drawSweep(figure, across, cells, baselines);
  else drawForest(figure, seedsOf(named, runs), baselines);
}

// Without swept fields: the configurations; or of one its seeds, each with its own interval, and
// above them their mean.
function seedsOf(named, runs) {
  if (named.length !== 1) return named;
  const seeds = runs.map(run => ({
    name: run.name,
    look: lookOf(run.run_id),
    estimate: estimateOf(run),
  }));
  const [mean] = named;
  return mean.num_finished > 1
    ? [{ ...mean, name: `Mean of ${mean.num_finished}` }, ...seeds]
    : seeds;
}
