// A group of runs as a whole: a sweep, repeats of one configuration, or a race.

import { drawForest } from "../charts/forest.js";
import { drawHeatMap, drawSweep } from "../charts/sweep.js";
import { KINDS } from "../lib/curves.js";
import { lookOf } from "../runs.js";
import { MOST } from "./address.js";
import { drawAll, drawCosts, estimateOf } from "./figures.js";
import { dressAll, find, plot } from "./layout.js";
import { options } from "./options.js";

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
  const axes = axesOf(group);
  dressAll(named);
  showControls(axes);
  drawAccuracy(group, axes, named);
  drawCosts(pareto, named);
  if (cells.length <= MOST) drawAll(BY_EPOCH, () => named, { baselines, texts });
}

// The swept fields: one to the right, one down where there are two, and the others held fixed.
function axesOf({ axes }) {
  const swept = axes.filter(axis => axis.values.length > 1);
  const across = swept[options.across] || swept[0];
  const [down, ...others] = swept.filter(axis => axis !== across);
  return { swept, across, down, others };
}

const optionOf = axis => `fix-${axis.field}`;

function fixedAt(axis) {
  const kept = options[optionOf(axis)];
  return axis.values.includes(kept) ? kept : axis.values[0];
}

// Only fields that are on no axis can be held at a value.
function showControls({ swept, across, others }) {
  if (swept.length < 3) return;
  find("[data-option=across]").value = swept.indexOf(across);
  for (const axis of swept) {
    const control = find(`[data-option="${optionOf(axis)}"]`);
    control.value = fixedAt(axis);
    control.parentElement.hidden = !others.includes(axis);
  }
}

function drawAccuracy({ cells, runs, baselines }, { across, down, others }, named) {
  const figure = plot("sweep");
  const isHeld = cell => others.every(axis => cell.values[axis.field] === fixedAt(axis));
  if (down) drawHeatMap(figure, across, down, cells.filter(isHeld));
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
