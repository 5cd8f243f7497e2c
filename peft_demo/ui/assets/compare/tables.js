// Tables from the facts that the server computed.

import { between, bytes, measured, percent, whole } from "../lib/format.js";
import { html } from "../lib/html.js";
import { swatch } from "../lib/looks.js";

const small = text => html`<small>${text}</small>`;
const cell = content => html`<td>${content || "–"}</td>`;

export const head = (title, more) => html`<th scope="col">${title}${more && small(more)}</th>`;

export const row = (title, cells) => html`<tr><th scope="row">${title}</th>${cells.map(cell)}</tr>`;

export const table = (caption, heads, rows) => html`<table class="pd-table">
  ${caption && html`<caption class="pd-quiet">${caption}</caption>`}
  <thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table>`;

// A share with its interval below.
export const estimated = share =>
  share && html`<b>${percent(share.value)}</b>${share.low != null && small(between(share))}`;

const headOf = ({ look, name }) => head(html`${swatch(look)} ${name}`);

export function baselinesOf({ baselines, baseline_checks: checks, runs: all }) {
  if (!baselines.length) return "";
  const nameOf = id => all.find(run => run.run_id === id)?.name || id;
  const rows = baselines.map(line => {
    const from = line.is_trained ? line.detail : line.detail && `learned from ${line.detail}`;
    const isOfAll = line.run_ids.length === all.length;
    return row(html`${line.name}${small(from)}`, [
      html`${percent(line.accuracy)}${small(between(line))}`,
      isOfAll ? "all" : line.run_ids.map(nameOf).join("; "),
    ]);
  });
  return html`<details open><summary>Baselines on the same reviews</summary>
    <div class="pd-scroll">${table(
      "",
      ["Baseline", "Accuracy", "Of"].map(title => head(title)),
      rows,
    )}</div>
    ${checks.length > 0 && html`<p class="pd-quiet">Whether a run beats TF-IDF is tested like a pair: exact McNemar, Holm-corrected.</p>`}</details>`;
}

// `named`: the runs with their looks.
export function differencesOf({ differences }, named) {
  if (!differences.length) {
    return html`<p class="pd-quiet">No setting differs: these runs are repeats of each other, or the same.</p>`;
  }
  return table(
    "Every setting whose value is not the same in all runs; “–” where a run has no such setting.",
    [head("Setting"), ...named.map(headOf)],
    differences.map(({ label, field, values }) =>
      row(
        html`${label}${small(field)}`,
        named.map(run => values[run.run_id]),
      ),
    ),
  );
}

const guessing = run => Math.log(run.labels.length).toFixed(3);
// Of two labels one square is counted, of more the sum over all, as scikit-learn does.
const guessedBrier = ({ labels: { length } }) =>
  length === 2 ? 0.25 : (1 - 1 / length).toFixed(2);
const ofQuality = write => run => run.quality && write(run.quality);
const known = (name, write) => run => run[name] != null && write(run[name]);

const RESULTS = [
  [
    "Test accuracy",
    () => "95 % Wilson interval",
    ofQuality(q => estimated({ ...q, value: q.accuracy })),
  ],
  ["Macro F1", () => "1 is best", ofQuality(q => q.macro_f1.toFixed(3))],
  [
    "Log loss",
    run => `nats; guessing: ${guessing(run)}`,
    ofQuality(
      ({ log_loss: { value, low, high } }) =>
        html`${value.toFixed(3)}${small(`${low.toFixed(3)} to ${high.toFixed(3)}`)}`,
    ),
  ],
  [
    "Brier score",
    run => `0 is best; guessing: ${guessedBrier(run)}`,
    ofQuality(q => q.brier.toFixed(3)),
  ],
  [
    "Calibration error",
    () => "expected; 0 is best",
    ofQuality(q => `${(100 * q.calibration_error).toFixed(1)}\u00a0points`),
  ],
  ["Adapter parameters", () => "trained", known("num_adapter_parameters", whole)],
  ["Head parameters", () => "trained", known("num_head_parameters", whole)],
  ["File", () => "adapter and head", known("file_bytes", bytes)],
  [
    "Training time",
    () => "validation included",
    known("training_seconds", s => measured(s, "seconds")),
  ],
  [
    "Prediction time",
    () => "per test review",
    known("prediction_milliseconds", ms => measured(ms, "milliseconds")),
  ],
];

export function resultsOf({ repeats }, named) {
  const tested = named.filter(run => run.quality);
  const reviews = [...new Set(tested.map(run => whole(run.quality.num_reviews)))];
  const isUntimed = tested.some(run => run.prediction_milliseconds == null);
  const rows = RESULTS.map(([title, unit, write]) => [title, unit(named[0]), named.map(write)])
    .filter(([, , cells]) => cells.some(Boolean))
    .map(([title, unit, cells]) => row(html`${title}${small(unit)}`, cells));
  const untimed = isUntimed ? " Prediction time is known of runs that measured it." : "";
  const results = table(
    `Measured on ${reviews.join(" or ") || "no"} test reviews that no run trained on.${untimed}`,
    [head("Measure"), ...named.map(headOf)],
    rows,
  );
  const ofSeeds = table(
    "Repeats: mean accuracy of several seeds with its 95 % t-interval",
    ["Configuration", "Seeds", "Mean accuracy", "Lowest to highest"].map(title => head(title)),
    repeats.map(each => row(each.name, cellsOf(each))),
  );
  return html`${results}${repeats.length > 0 && ofSeeds}`;
}

// What is known of one configuration's seeds.
export const cellsOf = ({ num_finished, run_ids, accuracy, lowest, highest }) => [
  `${num_finished} of ${run_ids.length}`,
  estimated(accuracy),
  num_finished > 1 && between({ low: lowest, high: highest }),
];
