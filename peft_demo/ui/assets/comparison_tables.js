// The tables of the compare page: from the facts that the server computed to HTML. Knows nothing of
// the page.
window.PeftComparisonTables = (() => {
  "use strict";

  const MOST = 8;
  const Figures = window.PeftComparisonCharts;
  const { escape, percent, swatch } = window.PeftCharts;
  const { whole, written } = Figures;

  // A number and its percent sign stay on one line.
  const glued = (sentence) => escape(sentence).replace(/(\d) %/g, "$1\u00a0%").replace(/p ([=<]|&#60;) /g, "p\u00a0$1\u00a0");

  function linesOf({ baselines, baseline_checks: checks, runs: all }) {
    if (!baselines.length) return "";
    const name = Object.fromEntries(all.map((run) => [run.run_id, run.name]));
    const rows = baselines.map((line) => `<tr><th scope="row">${escape(line.name)}<small>${escape(line.is_trained ? line.detail : line.detail && `learned from ${line.detail}`)}</small></th>
      <td>${percent(line.accuracy)}<small>${percent(line.low)} to ${percent(line.high)}</small></td>
      <td>${line.run_ids.length === all.length ? "all" : line.run_ids.map((id) => escape(name[id] || id)).join("; ")}</td></tr>`);
    return `<details open><summary>Baselines on the same reviews</summary><div class="pd-scroll"><table class="pd-table"><thead><tr><th scope="col">Baseline</th><th scope="col">Accuracy</th><th scope="col">Of</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>
      ${checks.length ? "<p class='pd-quiet'>Whether a run beats TF-IDF is tested like a pair: exact McNemar, Holm-corrected.</p>" : ""}</details>`;
  }

  const heading = (run) => `<th scope="col">${swatch(run.look)} ${escape(run.name)}</th>`;

  function differencesOf({ differences }, named) {
    if (!differences.length) return "<p class='pd-quiet'>No setting differs: these runs are repeats of each other, or the same.</p>";
    const all = Object.values(named);
    return `<table class="pd-table"><caption class="pd-quiet">Every setting whose value is not the same in all runs; “–” where a run has no such setting.</caption>
      <thead><tr><th scope="col">Setting</th>${all.map(heading).join("")}</tr></thead><tbody>${differences.map((row) =>
        `<tr><th scope="row">${escape(row.label)}<small>${escape(row.field)}</small></th>${all.map((run) => `<td>${escape(row.values[run.run_id])}</td>`).join("")}</tr>`).join("")}</tbody></table>`;
  }

  const RESULTS = [
    ["Test accuracy", "95 % Wilson interval", ({ quality: q }) => q && `<b>${percent(q.accuracy)}</b><small>${percent(q.low)} to ${percent(q.high)}</small>`],
    ["Macro F1", "1 is best", ({ quality: q }) => q && q.macro_f1.toFixed(3)],
    ["Log loss", "nats; guessing: 0.693", ({ quality: q }) => q && `${q.log_loss.value.toFixed(3)}<small>${q.log_loss.low.toFixed(3)} to ${q.log_loss.high.toFixed(3)}</small>`],
    ["Brier score", "0 is best; guessing: 0.25", ({ quality: q }) => q && q.brier.toFixed(3)],
    ["Calibration error", "expected; 0 is best", ({ quality: q }) => q && `${(100 * q.calibration_error).toFixed(1)}&nbsp;points`],
    ["Adapter parameters", "trained", ({ num_adapter_parameters: n }) => n != null && whole(n)],
    ["Head parameters", "trained", ({ num_head_parameters: n }) => n != null && whole(n)],
    ["File", "adapter and head", ({ file_bytes: n }) => n != null && written(n, "bytes")],
    ["Training time", "validation included", ({ training_seconds: n }) => n != null && written(n, "seconds")],
    ["Prediction time", "per test review", ({ prediction_milliseconds: n }) => n != null && written(n, "milliseconds per review")],
  ];

  function resultsOf({ runs: all, repeats }, named) {
    const reviews = [...new Set(all.filter((run) => run.quality).map((run) => whole(run.quality.num_reviews)))];
    const rows = RESULTS.filter(([, , cell]) => all.some((run) => cell(run)));
    const untimed = all.some((run) => run.quality && run.prediction_milliseconds == null);
    const many = repeats.length ? `<table class="pd-table"><caption class="pd-quiet">Repeats: mean accuracy of several seeds with its 95 % t-interval</caption>
      <thead><tr><th scope="col">Configuration</th><th scope="col">Seeds</th><th scope="col">Mean accuracy</th><th scope="col">Lowest to highest</th></tr></thead><tbody>${repeats.map((cell) => cellRow(cell)).join("")}</tbody></table>` : "";
    return `<table class="pd-table"><caption class="pd-quiet">Measured on ${reviews.join(" or ") || "no"} test reviews that no run trained on.${untimed ? " Prediction time is known of runs that measured it." : ""}</caption>
      <thead><tr><th scope="col">Measure</th>${Object.values(named).map(heading).join("")}</tr></thead>
      <tbody>${rows.map(([label, unit, cell]) => `<tr><th scope="row">${label}<small>${unit}</small></th>${all.map((run) => `<td>${cell(run) || "–"}</td>`).join("")}</tr>`).join("")}</tbody></table>${many}`;
  }

  const cellRow = (cell, more = "") => `<tr><th scope="row">${escape(cell.name)}</th><td>${cell.num_finished} of ${cell.run_ids.length}</td>
    <td>${cell.accuracy ? `<b>${percent(cell.accuracy.value)}</b>${cell.accuracy.low == null ? "" : `<small>${percent(cell.accuracy.low)} to ${percent(cell.accuracy.high)}</small>`}` : "–"}</td>
    <td>${cell.num_finished > 1 ? `${percent(cell.lowest)} to ${percent(cell.highest)}` : "–"}</td>${more}</tr>`;

  const signed = (share) => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)}`;

  const pValue = (p) => p < 0.001 ? "&lt; 0.001" : Number(p.toPrecision(2));

  function pairsOf({ pairs, refused, repeat_pairs: repeated }, named) {
    const who = (id) => named[id] ? `${swatch(named[id].look)} ${escape(named[id].name)}` : escape(id);
    const rows = pairs.map((pair) => `<tr data-shown="${pair.is_shown}">
      <th scope="row">${who(pair.first)}<br>${who(pair.second)}</th>
      <td class="pd-wide">${signed(pair.difference)} points<small>${signed(pair.low)} to ${signed(pair.high)}</small></td>
      <td class="pd-wide">${whole(pair.disagreements)} of ${whole(pair.num_reviews)}<small>${whole(pair.only_first)} for the upper, ${whole(pair.only_second)} for the lower</small></td>
      <td class="pd-wide">${pValue(pair.p_corrected)}</td><td class="pd-pair-words"><b>${pair.is_shown ? "Difference shown" : "No difference shown"}</b><small>${glued(pair.words)}</small></td></tr>`);
    const table = rows.length ? `<div class="pd-scroll pd-tall" tabindex="0" role="region" aria-label="Pairs of runs"><table class="pd-table pd-stack"><caption class="pd-quiet">Each pair, the more accurate run above. Intervals of single runs that overlap prove nothing; these tests use that both saw the same reviews.</caption>
      <thead><tr><th scope="col">Runs</th><th scope="col" class="pd-wide">Difference<small>95 % interval</small></th><th scope="col" class="pd-wide">They disagree on<small>and who is right</small></th><th scope="col" class="pd-wide">p<small>corrected</small></th><th scope="col">Verdict</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>` : "<p class='pd-quiet'>No two of these runs can be compared on the same test reviews yet.</p>";
    const reasons = Map.groupBy ? [...Map.groupBy(refused, (pair) => pair.reason)] : refused.map((pair) => [pair.reason, [pair]]);
    const refusals = reasons.map(([reason, list]) => `<li>${escape(reason)}<small>${list.map((pair) => `${escape(named[pair.first]?.name)} and ${escape(named[pair.second]?.name)}`).join("; ")}</small></li>`);
    return `${table}${refusals.length ? `<ul class="pd-warning">${refusals.join("")}</ul>` : ""}
      ${repeated.length ? `<h3>By repeats</h3>${repeated.map((pair) => `<p>${escape(pair.words)}</p>`).join("")}` : ""}`;
  }

  const smallOf = (run, look) => `<article class="pd-result" style="--run:${look.colour}"><h3>${swatch(look)} ${escape(run.name)}</h3>
    <div>${Figures.confusion(run.labels, run.quality.confusion)}${Figures.reliability(run.name, run.quality.bins, look.colour)}</div></article>`;

  const interval = (share) => share ? `<b>${percent(share.value)}</b><small>${percent(share.low)} to ${percent(share.high)}</small>` : "–";

  function assignmentOf({ rows, is_tuned }) {
    const [first] = rows.filter((row) => row.run_id), tests = rows.find((row) => row.num_test_reviews)?.num_test_reviews;
    const body = rows.map((row) => `<tr><th scope="row">${escape(row.name)}</th>
      <td>${row.reported_loss.toFixed(4)}</td><td>${interval(row.reported)}</td><td>${percent(row.reported_best)}</td><td>${row.reported_seconds ? written(row.reported_seconds, "seconds") : "–"}</td>
      <td>${row.validation_loss == null ? "–" : row.validation_loss.toFixed(4)}</td><td>${row.validation_accuracy == null ? "–" : `${percent(row.validation_accuracy)}<small>best epoch ${percent(row.best_validation_accuracy)}</small>`}</td>
      <td>${interval(row.test)}</td><td>${row.seconds == null ? "–" : written(row.seconds, "seconds")}</td></tr>`).join("");
    const offer = is_tuned ? "" : `<p><button type="button" class="pd-button" data-assignment="tuned">Now with what it lacked</button>
      <span class="pd-quiet">The same four with learning rates that suit them, 2,000 reviews instead of 160 and 5,000 test reviews: differences, or that there are none, can be shown. It takes a while: 200 steps each instead of 80, and five times the tests.</span></p>`;
    return `<div class="pd-scroll" tabindex="0" role="region" aria-label="The report beside ours"><table class="pd-table"><caption class="pd-quiet">Left, what the report shows on its 32 validation reviews; right, what came out here${first ? ` on ${whole(first.num_validation_reviews)} validation reviews` : ""}${tests ? ` and on ${whole(tests)} test reviews` : ""}. Accuracies with 95 % Wilson intervals.</caption>
      <thead><tr><td></td><th scope="colgroup" colspan="4">The report</th><th scope="colgroup" colspan="4">Trained here</th></tr>
      <tr><th scope="col">Configuration</th><th scope="col">Validation loss</th><th scope="col">Accuracy</th><th scope="col">Best epoch</th><th scope="col">Time</th><th scope="col">Validation loss</th><th scope="col">Accuracy</th><th scope="col">Test accuracy</th><th scope="col">Time</th></tr></thead><tbody>${body}</tbody></table></div>${offer}`;
  }

  function cellsOf({ cells, best, runs: all }, look) {
    const going = new Set(all.filter((run) => ["queued", "running"].includes(run.status)).map((run) => run.run_id));
    const stop = (cell) => {
      const ids = cell.run_ids.filter((id) => going.has(id));
      return `<td>${ids.length ? `<button type="button" class="pd-button" data-stop="${ids.join(",")}" aria-label="Stop ${escape(cell.name)}">Stop</button>` : ""}</td>`;
    };
    const ranked = [...cells].sort((a, b) => (b.accuracy?.value ?? -1) - (a.accuracy?.value ?? -1));
    const top = ranked.filter((cell) => cell.accuracy).slice(0, MOST).map((cell) => cell.run_ids[0]);
    return `${top.length > 1 ? `<p><button type="button" class="pd-button" data-compare="${top.join(",")}">Compare the best ${top.length} side by side</button></p>` : ""}
      <table class="pd-table"><caption class="pd-quiet">Every configuration, the most accurate first.</caption>
      <thead><tr><th scope="col">Configuration</th><th scope="col">Finished</th><th scope="col">Test accuracy<small>95 % interval</small></th><th scope="col">Lowest to highest<small>of the seeds</small></th>${going.size ? "<td></td>" : ""}</tr></thead>
      <tbody>${ranked.map((cell) => cellRow(cell, going.size ? stop(cell) : "").replace("<th scope=\"row\">", `<th scope="row">${cells.length <= MOST ? swatch(look[cell.cell_id]) : ""} ${cell.cell_id === best ? "★ " : ""}`)).join("")}</tbody></table>`;
  }

  return { glued, linesOf, differencesOf, resultsOf, pairsOf, smallOf, assignmentOf, cellsOf };
})();
