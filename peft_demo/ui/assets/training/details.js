// All that is known about one run, in a dialog.

import { drawRangeTest, rateOf } from "../charts/range_test.js";
import { ask } from "../gradio.js";
import { openDialog } from "../lib/dom.js";
import { between, bytes, percent, STATES, seconds, whole } from "../lib/format.js";
import { html } from "../lib/html.js";
import { poll } from "../runs.js";

export async function openDetails(run_id) {
  const run = await ask("details", { run_id });
  // The header says that there is no connection.
  if (run === undefined) return poll();
  const problem = run.error && !run.config;
  const dialog = openDialog(
    "pd-dialog",
    html`<button type="button" class="pd-button pd-close" data-close autofocus>Close</button>
      ${problem ? html`<p class="pd-problem">${run.error}</p>` : detailsOf(run)}`,
  );
  dialog.setAttribute("aria-label", `Details of ${run_id}`);
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.showModal();
  const plot = dialog.querySelector(".pd-range");
  if (plot) drawRangeTest(plot, run.range_test);
}

function detailsOf(run) {
  const { result, config, run_id, status } = run;
  const isTraining = run.kind === "training";
  return html`
    <h2>${config.name} <span class="pd-state" data-state="${status}">${STATES[status]}</span></h2>
    <p class="pd-quiet">${run_id} · ${new Date(run.created_at).toLocaleString()}</p>
    ${run.tags.length > 0 && html`<p class="pd-tags">${run.tags.map(tag => html`<i>${tag}</i>`)}</p>`}
    ${run.note && html`<p class="pd-note">${run.note}</p>`}
    ${!run.is_reference && html`<button type="button" class="pd-button" data-edit="${run_id}">Edit name, tags and note</button>`}
    ${(run.error || run.problem) && html`<p class="pd-problem">${run.error || run.problem}</p>`}
    <div class="pd-columns"><div>${run.range_test && rangeOf(run.range_test)}${result && resultOf(run)}
      ${isTraining && historyOf(run)}</div>
    <div><h3>Configuration</h3>${pairs(Object.entries(config))}${isTraining && codeOf(run_id)}
      ${result && html`<h3>Environment</h3>${pairs(Object.entries(result.environment))}`}</div></div>`;
}

const pairs = rows =>
  html`<table class="pd-pairs"><tbody>${rows.map(
    ([name, value]) =>
      html`<tr><th scope="row">${name}</th><td>${Array.isArray(value) ? value.join(", ") : value}</td></tr>`,
  )}</tbody></table>`;

const codeOf = run_id => html`<h3>Take it along</h3><p class="pd-actions">
  <button type="button" class="pd-button" data-code="script" data-run="${run_id}">Python script</button>
  <button type="button" class="pd-button" data-code="notebook" data-run="${run_id}">Notebook</button></p>`;

function resultOf({ result, kind, labels }) {
  const [low, high] = result.test_interval;
  const share = percent(result.num_adapter_parameters / result.num_base_parameters, 2);
  const isHalf = result.saved_as === "float16";
  const half = isHalf ? " (half precision, so that the file stays below 10 MB)" : "";
  const difference = result.reload_difference;
  // What its data set's labels are is not known of a run whose data set is gone.
  const loss = Math.log(labels.length).toFixed(4);
  const guessing = labels.length ? ` (guessing gives ${loss})` : "";
  const exact = value =>
    Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 });
  return html`<h3>Result</h3>${pairs([
    [
      "Test accuracy",
      `${percent(result.test_accuracy)} (95 % Wilson interval ${between({ low, high })})`,
    ],
    ["Test reviews", whole(result.num_test_reviews)],
    ["Test loss", `${result.test_loss.toFixed(4)}${guessing}`],
    ["Adapter parameters", `${whole(result.num_adapter_parameters)} (${share} of the base)`],
    ["Head parameters", whole(result.num_head_parameters)],
    ["File", `${bytes(result.file_bytes)}, ${result.saved_as}${half}`],
    [
      "Saved and loaded again",
      difference
        ? `largest difference of a logit ${difference.toExponential(1)}`
        : "exactly the same logits",
    ],
    ["Computed in", result.precision],
    ["Time", seconds(result.seconds)],
  ])}${kind === "training" && html`<h3>TrainOutput</h3>`}
  ${pairs(Object.entries(result.train_output).map(([name, value]) => [name, exact(value)]))}`;
}

function rangeOf(test) {
  const rate = rateOf(test);
  return html`<h3>Learning-rate range test</h3><div class="pd-plot pd-range" role="img"></div>
    <p>${rate ? html`Suggested learning rate: <b>${rate}</b>.` : "The curve shows no good learning rate."} ${!test.is_sure && `Unsure: ${test.reason}`}</p>
    ${rate && html`<button type="button" class="pd-button" data-rate="${rate}">Put ${rate} into the form</button>`}
    <p class="pd-quiet">The rate grows from step to step. The suggestion is half the rate at which the loss was lowest; above that it rises again.
    <a href="https://arxiv.org/abs/1506.01186" target="_blank" rel="noopener noreferrer">Cyclical Learning Rates for Training Neural Networks (Smith 2017)</a></p>`;
}

const COLUMNS = ["Epoch", "Training Loss", "Validation Loss", "Accuracy"];

// As the Trainer's own table has it, once there is a result.
function historyOf({ result, epochs, config }) {
  const rows =
    result?.training_table ||
    epochs.map(each => ({
      Epoch: each.epoch,
      "Training Loss": each.train_loss,
      "Validation Loss": each.eval_loss,
      Accuracy: each.eval_accuracy,
    }));
  if (!rows.length) return html`<p class="pd-quiet">No epoch is finished yet.</p>`;
  const shown = (value, name) =>
    typeof value === "number" && name !== "Epoch" ? value.toFixed(6) : value;
  return html`<h3>Epochs</h3><table class="pd-epochs">
    <thead><tr>${COLUMNS.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map(
      row => html`<tr>${COLUMNS.map(name => html`<td>${shown(row[name], name)}</td>`)}</tr>`,
    )}</tbody></table>
    <p class="pd-quiet">Training Loss is logged every tenth step; "No log" where none fell into the epoch. Accuracy is measured on ${whole(config.num_reviews / 5)} validation reviews.</p>`;
}
