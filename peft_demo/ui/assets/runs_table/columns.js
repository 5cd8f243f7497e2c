// The table's columns: `value` of a run's summary, which it is sorted by, and how that is written.
// Without a value nothing is written. What is usual is shown until a person chooses otherwise.

import * as format from "../lib/format.js";
import { percent, STATES, score, seconds, when, whole } from "../lib/format.js";
import { html } from "../lib/html.js";
import { nameOf } from "../owner.js";
import { isTraining } from "../runs.js";

const stateOf = ({ status }) =>
  html`<span class="pd-state" data-state="${status}">${STATES[status]}</span>`;

// A value stays beside its name.
const unbroken = text => text.replace(/(?<!·) (?!·)/g, "\u00a0");

function settingsOf(run) {
  if (isTraining(run)) return `${run.method} · ${run.fields}`;
  return run.kind === "imported" ? `${run.summary} · ${run.fields}` : run.summary;
}

const about = run => html`
  <small>${unbroken(settingsOf(run))}</small>
  ${run.tags.length > 0 && html`<span class="pd-tags">${run.tags.map(tag => html`<i>${tag}</i>`)}</span>`}
  ${run.note && html`<small class="pd-note">${run.note}</small>`}
  ${run.status !== "completed" && html`<span class="pd-narrow">${stateOf(run)}</span>`}`;

const of = name => run => run[name];
const setting = name => run => run.config[name];
const ofReviews = run => (run.kind === "imported" ? null : run.num_reviews);
const ofTraining = name => run => (isTraining(run) ? run[name] : null);

// A word is sorted from A, a number from the largest.
const word = (key, title, value, write) => ({ key, title, value, write });
const number = (...column) => ({ ...word(...column), isNumber: true });

const WRITE = {
  run: (_, run) => about(run),
  state: (_, run) => stateOf(run),
  owner: (_, run) => nameOf(run),
  reviews: (all, run) =>
    html`${whole(all)}<small>${whole(run.num_train)} + ${whole(run.num_validation)}</small>`,
  epochs: (done, { max_epochs: all }) => (!all || done === all ? done : `${done} of ${all}`),
  accuracy: (share, run) =>
    html`<b>${percent(share)}</b><small>${format.between(run.test)}</small>`,
  file: (size, run) =>
    html`${format.size(size)}${run.saved_as === "float16" && html`<small>half precision</small>`}`,
  created: iso => when(iso).replace(" ", "\u00a0"),
};

export const COLUMNS = [
  word("name", "Run", run => run.name.toLowerCase(), WRITE.run),
  word("method", "Method", of("method")),
  word("state", "State", run => STATES[run.status], WRITE.state),
  number("reviews", "Texts", ofReviews, WRITE.reviews),
  number("epochs", "Epochs", ofTraining("epoch"), WRITE.epochs),
  {
    ...number("accuracy", "Test accuracy", run => run.test?.accuracy, WRITE.accuracy),
    isNarrow: true,
  },
  number("loss", "Test loss", run => run.test?.loss, score),
  number("adapter", "Adapter parameters", of("num_adapter_parameters"), whole),
  number("head", "Head parameters", of("num_head_parameters"), whole),
  number("file", "File", of("file_bytes"), WRITE.file),
  number("time", "Total time", of("seconds"), seconds),
  number("training_time", "Training time", of("training_seconds"), seconds),
  word("owner", "By", run => nameOf(run).toLowerCase(), WRITE.owner),
  { ...word("created", "When", of("created"), WRITE.created), isDown: true },
  number("rate", "Learning rate", setting("learning_rate"), format.number),
  number("length", "Text length", setting("max_length"), tokens => `${whole(tokens)} tokens`),
  number("batch", "Batch size", setting("per_device_train_batch_size")),
  number("seed", "Seed", setting("seed")),
  number("validation", "Validation accuracy", of("eval_accuracy"), percent),
  number("validation_loss", "Validation loss", of("eval_loss"), score),
  word("data", "Data set", setting("dataset")),
  word("base", "Base model", setting("base_model")),
  word("group", "Group", of("group_id")),
  word("id", "Id", of("id")),
];

// Shown until a person chooses otherwise.
export const USUAL =
  "name state reviews epochs accuracy loss adapter head file time owner created".split(" ");

export function cellOf({ value, write }, run) {
  const known = value(run);
  if (known == null || known === "") return "–";
  return write ? write(known, run) : known;
}

// How a column stands in the table, and whether a phone has room for it.
export function lookOf({ key, isNumber, isNarrow }) {
  const place = key === "name" ? "pd-name" : isNarrow ? "" : "pd-wide";
  return isNumber ? `${place} pd-number` : place;
}
