// The selected runs' curves, and what there is to beat on their texts.

import { drawCurves } from "../charts/curves.js";
import { whenReady } from "../charts/figure.js";
import { ask } from "../gradio.js";
import { KINDS } from "../lib/curves.js";
import * as runs from "../runs.js";
import * as selection from "../selection.js";

const AGAIN_MS = 1500;
const PROBE = "probe ";
const ALONG = { by_epoch: "epochs", by_step: "steps" };

let drawn = "";
let baselines = [];
let baselinesOf = "";
let asked = null;

// What stands beside the accuracy.
export function switchTo(key, button) {
  const place = button.closest(".pd-switched");
  place.dataset.shown = key;
  for (const other of place.querySelectorAll("[data-switch]")) {
    other.setAttribute("aria-pressed", String(other === button));
  }
  drawCharts(button.closest(".pd-board"), true);
}

// `isForced`: though nothing has changed but the colours, or the page.
export function drawCharts(board, isForced) {
  if (!whenReady(() => drawCharts(board, true))) return;
  const wanted = runs.all().filter(run => runs.isTraining(run) && selection.has(run.id));
  const series = wanted
    .filter(run => runs.curveOf(run.id))
    .map(run => ({ ...run, ...runs.curveOf(run.id), look: runs.lookOf(run.id) }))
    .reverse();
  // Before the first answers nobody knows what there is to draw.
  if (!series.length && (wanted.length || !runs.all().length)) return;
  askBaselines(board);
  const now = [baselinesOf, ...series.map(run => `${run.id}:${run.version}:${run.name}`)].join();
  if (!isForced && now === drawn) return;
  drawn = now;
  for (const kind of [...KINDS, probeOf(board, series)]) {
    const name = kind.plot ?? kind.key;
    const plot = board.querySelector(`[data-plot=${name}]`);
    // What stands beside the accuracy is drawn when it is chosen.
    const isChosen = (plot.closest(".pd-switched")?.dataset.shown ?? name) === name;
    const lines = kind.plot ? [] : baselines;
    if (isChosen) drawCurves(plot, kind, series, { x: ALONG[kind.track], baselines: lines });
  }
}

// The chosen one of the reviews that these runs were asked about after each epoch; see curves.py. A veiled run has none.
function probeOf(board, series) {
  const select = board.querySelector("[data-probes]");
  const keys = series.flatMap(({ curve }) => Object.keys(curve.by_epoch ?? {}));
  const probes = [...new Set(keys)].filter(key => key.startsWith(PROBE));
  if (probes.join() !== [...select.options].map(option => option.value).join()) {
    const chosen = select.value;
    select.replaceChildren(...probes.map(key => new Option(key.slice(PROBE.length), key)));
    if (probes.includes(chosen)) select.value = chosen;
    board.querySelector("[data-switch=probe]").hidden = !probes.length;
  }
  select.onchange = () => drawCharts(board, true);
  return { key: select.value, plot: "probe", track: "by_epoch", isShare: true };
}

// What guessing, counting words and the baseline methods get on the selected runs' texts.
async function askBaselines(board, isAgain) {
  const run_ids = runs.selectedTested();
  const wanted = run_ids.join();
  if (asked === wanted && !isAgain) return;
  asked = wanted;
  const answer = await ask("baselines", { run_ids });
  if (!answer || asked !== wanted) return;
  baselines = answer.lines || [];
  baselinesOf = wanted;
  if (answer.is_pending) setTimeout(askBaselines, AGAIN_MS, board, true);
  drawCharts(board, true);
}
