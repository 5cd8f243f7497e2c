// Up to eight runs beside each other.

import { drawForest } from "../charts/forest.js";
import { html } from "../lib/html.js";
import { looksOf } from "../runs.js";
import * as disagreements from "./disagreements.js";
import { curvePanels, drawAll, drawCosts, estimateOf, kindsOf, paretoPanel } from "./figures.js";
import { build, clear, fill, panel, partOf, plot, plotOf, scrolled } from "./layout.js";
import { mistakesOf } from "./mistakes.js";
import { curveControls, options } from "./options.js";
import { pairsOf } from "./pairs.js";
import { baselinesOf, differencesOf, resultsOf } from "./tables.js";

const KINDS = kindsOf("eval_accuracy", "eval_loss", "loss");

export function drawComparison({ comparison, curves, means }) {
  if (!comparison.runs.length) return clear();
  const looks = looksOf(comparison.runs.map(run => run.run_id));
  const named = comparison.runs.map(run => ({ ...run, look: looks[run.run_id] }));
  const { baselines } = comparison;
  const hasRepeats = comparison.repeats.length > 0;
  build(`runs ${named.length > 1} ${hasRepeats}`, layoutOf(comparison, named.length > 1));
  const points = named.map(run => ({ ...run, estimate: estimateOf(run) }));
  drawForest(plot("forest"), points, baselines);
  drawCosts(comparison.pareto, Object.fromEntries(named.map(run => [run.run_id, run])));
  drawAll(KINDS, kind => seriesOf(kind, named, comparison.repeats, curves, means), baselines);
  fill("lines", baselinesOf(comparison));
  fill("differences", differencesOf(comparison, named));
  fill("results", resultsOf(comparison, named));
  fill("pairs", pairsOf(comparison, named));
  fill("mistakes", html`${named.filter(run => run.quality).map(mistakesOf)}`);
  disagreements.show(named);
}

const layoutOf = ({ repeats, pareto }, areSeveral) => html`
  <div class="pd-two">${panel("Test accuracy", "with 95 % Wilson intervals", html`${plotOf("forest", 200)}${partOf("lines")}`)}
  ${paretoPanel(pareto)}</div>
  <h2 class="pd-section">Curves</h2>${curveControls(repeats.length > 0, true)}${curvePanels(KINDS)}
  ${areSeveral && panel("What differs", "settings with equal values are left out", scrolled("What differs", partOf("differences")))}
  ${panel("Test results", "", scrolled("Test results", partOf("results")))}
  ${areSeveral && panel("In pairs", "exact McNemar test on the same reviews, Holm-corrected", partOf("pairs"))}
  ${panel(
    "Where they go wrong",
    "confusion, and how sure a run may be of itself",
    html`<div class="pd-small" data-part="mistakes"></div><p class="pd-quiet">Reliability: right answers in % (up) over confidence in % (across). On the dashed line a run is right as often as it is sure; below it, it is too sure. Larger dots hold more reviews.</p>`,
  )}
  ${areSeveral && panel("Where do they disagree?", "", html`<div data-part="lists"><p class="pd-quiet">Looking …</p></div>`)}`;

// Repeats as their mean, unless a person wants each of them; then every run by itself. The first is
// drawn last, above the others.
function seriesOf({ track }, named, repeats, curves, means) {
  const averaged = options.mean && track === "by_epoch" ? repeats : [];
  const inMeans = new Set(averaged.flatMap(cell => cell.run_ids));
  const lookOf = id => named.find(run => run.run_id === id).look;
  return [
    ...averaged.map(({ cell_id, name, run_ids }) => ({
      name: `${name} (mean of ${run_ids.length})`,
      look: lookOf(run_ids[0]),
      curve: means[cell_id],
    })),
    ...named
      .filter(run => !inMeans.has(run.run_id))
      .map(run => ({ ...run, curve: curves[run.run_id] })),
  ].reverse();
}
