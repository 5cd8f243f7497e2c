// A group of runs as a whole: a sweep, repeats of one configuration, or a race.

import { drawForest } from "../charts/forest.js";
import { drawHeatMap, drawSweep } from "../charts/sweep.js";
import { html } from "../lib/html.js";
import { look } from "../lib/looks.js";
import { MOST } from "./address.js";
import { assignmentOf, quietOf } from "./assignment.js";
import { configurationsOf } from "./configurations.js";
import { curvePanels, drawAll, drawCosts, estimateOf, kindsOf, paretoPanel } from "./figures.js";
import { build, fill, panel, partOf, plot, plotOf, scrolled } from "./layout.js";
import { curveControls, options, select } from "./options.js";
import { repeatsOf } from "./pairs.js";
import { baselinesOf } from "./tables.js";

const KINDS = kindsOf("eval_accuracy", "eval_loss");

export function drawGroup({ group, means }) {
  const { cells, baselines, assignment, pareto } = group;
  const looks = Object.fromEntries(cells.map((cell, index) => [cell.cell_id, look(index)]));
  const named = cells.map(cell => ({ ...cell, look: looks[cell.cell_id] }));
  const isFew = cells.length <= MOST;
  const axes = axesOf(group);
  const fields = `${axes.across?.field} ${axes.down?.field}`;
  const { group_id } = group.group;
  const kind = `group ${group_id} ${isFew} ${group.repeat_pairs.length > 0} ${fields}`;
  build(kind, layoutOf(group, axes, isFew));
  drawAccuracy(group, axes, named);
  drawCosts(pareto, Object.fromEntries(named.map(cell => [cell.cell_id, cell])));
  const series = named.map(cell => ({ ...cell, curve: means[cell.cell_id] }));
  if (isFew) drawAll(KINDS, () => series, baselines);
  fill("lines", baselinesOf(group));
  fill("assignment", assignment && assignmentOf(assignment));
  fill("configurations", configurationsOf(group, looks));
  fill("repeats", html`${repeatsOf(group.repeat_pairs)}`);
}

// The swept fields: one to the right, one down where there are two, and the others held fixed.
function axesOf({ axes }) {
  const swept = axes.filter(axis => axis.values.length > 1);
  const across = swept[options.across] || swept[0];
  const [down, ...others] = swept.filter(axis => axis !== across);
  return { swept, across, down, others };
}

function layoutOf(group, axes, isFew) {
  const isRace = group.group.is_race;
  const hasSeeds = group.cells.some(cell => cell.run_ids.length > 1);
  const grown =
    isFew &&
    html`<h2 class="pd-section">Curves</h2>${curveControls(false, false)}${curvePanels(KINDS)}`;
  const intervals = hasSeeds
    ? "mean of the seeds with 95 % t-intervals"
    : "with 95 % Wilson intervals";
  const accuracy = html`${sweepControls(axes)}${plotOf("sweep")}${partOf("lines")}`;
  // Of a race the curves come first: they are what is watched.
  return html`
    ${group.assignment && panel("The report beside ours", quietOf(group.assignment), partOf("assignment"))}
    ${isRace && grown}<div class="pd-two">${panel("Test accuracy", intervals, accuracy)}${paretoPanel(group.pareto)}</div>${!isRace && grown}
    ${group.repeat_pairs.length > 0 && panel("In pairs, by repeats", "the seeds are the source of chance; Holm-corrected", partOf("repeats"))}
    ${panel("Configurations", "", scrolled("Configurations", partOf("configurations"), "pd-tall"))}`;
}

const optionOf = axis => `fix-${axis.field}`;
const fixedAt = axis => options[optionOf(axis)] ?? axis.values[0];

function sweepControls({ swept, across, others }) {
  if (swept.length < 3) return "";
  const fields = swept.map((axis, index) => [index, axis.label]);
  const fixed = others.map(axis => {
    const choices = axis.values.map(value => [value, value]);
    return select(optionOf(axis), axis.label, choices, fixedAt(axis));
  });
  return html`<div class="pd-controls">${select("across", "Across", fields, swept.indexOf(across))}${fixed}</div>`;
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
  const points = named.map(cell => ({ ...cell, estimate: cell.accuracy }));
  if (points.length !== 1) return points;
  const seeds = runs.map((run, index) => ({
    name: run.name,
    look: look(index + 1),
    estimate: estimateOf(run),
  }));
  const [mean] = points;
  return mean.num_finished > 1
    ? [{ ...mean, name: `Mean of ${mean.num_finished}` }, ...seeds]
    : seeds;
}
