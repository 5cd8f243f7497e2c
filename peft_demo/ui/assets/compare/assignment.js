// The assignment's report beside what came out here.

import { measured, percent, whole } from "../lib/format.js";
import { html } from "../lib/html.js";
import { estimated, head, row } from "./tables.js";

const OURS_AND_THEIRS = [
  "Configuration",
  ...["Validation loss", "Accuracy", "Best epoch", "Time"],
  ...["Validation loss", "Accuracy", "Test accuracy", "Time"],
];

const time = seconds => seconds != null && measured(seconds, "seconds");
const loss = value => value?.toFixed(4);

const rowOf = of =>
  row(of.name, [
    loss(of.reported_loss),
    estimated(of.reported),
    percent(of.reported_best),
    time(of.reported_seconds),
    loss(of.validation_loss),
    of.validation_accuracy != null &&
      html`${percent(of.validation_accuracy)}<small>best epoch ${percent(of.best_validation_accuracy)}</small>`,
    estimated(of.test),
    time(of.seconds),
  ]);

const OFFER = html`<p><button type="button" class="pd-button" data-assignment="tuned">Now with what it lacked</button>
  <span class="pd-quiet">The same four with learning rates that suit them, 2,000 reviews instead of 160 and 5,000 test reviews: differences, or that there are none, can be shown. It takes a while: 200 steps each instead of 80, and five times the tests.</span></p>`;

export const quietOf = ({ is_tuned }) =>
  is_tuned
    ? "the same four with learning rates that suit them, and reviews enough"
    : "the same four configurations, trained again";

export function assignmentOf({ rows, is_tuned }) {
  const ours = rows.find(of => of.run_id)?.num_validation_reviews;
  const tests = rows.find(of => of.num_test_reviews)?.num_test_reviews;
  const here = [
    ours ? ` on ${whole(ours)} validation reviews` : "",
    tests ? ` and on ${whole(tests)} test reviews` : "",
  ];
  return html`<div class="pd-scroll" tabindex="0" role="region" aria-label="The report beside ours"><table class="pd-table">
    <caption class="pd-quiet">Left, what the report shows on its 32 validation reviews; right, what came out here${here}. Accuracies with 95 % Wilson intervals.</caption>
    <thead><tr><td></td><th scope="colgroup" colspan="4">The report</th><th scope="colgroup" colspan="4">Trained here</th></tr>
    <tr>${OURS_AND_THEIRS.map(title => head(title))}</tr></thead><tbody>${rows.map(rowOf)}</tbody></table></div>${!is_tuned && OFFER}`;
}
