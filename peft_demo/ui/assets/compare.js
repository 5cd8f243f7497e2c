// The compare page: up to eight runs beside each other, or a group as a whole. The server computes
// the facts and answers only when something has changed; here they are laid out and drawn.
window.PeftCompare = (() => {
  "use strict";

  const MOST = 8, MOST_LISTED = 60;
  const Figures = window.PeftComparisonCharts;
  const { glued, linesOf, differencesOf, resultsOf, pairsOf, smallOf, assignmentOf, cellsOf } = window.PeftComparisonTables;
  const { escape, percent, swatch } = window.PeftCharts;
  const { whole } = Figures;

  const page = {
    element: null, server: null, onOpen: () => {}, ids: [], group: null, groups: [], chosen: false, key: "", data: null,
    asking: false, askAgain: false, lists: null, listsFor: "", limit: 10, list: "split", before: null,
    options: { x: "epochs", smoothing: 0.9, log: false, mean: true, px: "trained_parameters", py: "accuracy", plog: true, across: 0, down: 1 },
  };

  const find = (selector, element = page.element) => element.querySelector(selector);
  const part = (name) => find(`[data-part=${name}]`);
  const runs = () => window.PeftDemo.runs();
  const choosable = () => runs().filter((run) => run.kind !== "range_test");
  const isSeen = () => Boolean(page.element?.offsetParent);

  function replace(element, html) {
    if (!element || element.dataset.html === html) return;
    element.dataset.html = html;
    element.innerHTML = html;
  }

  // The look that a run has on the board, unless two of these would have the same colour there.
  function looks(ids) {
    const own = ids.map((id) => window.PeftDemo.look(id));
    const differ = new Set(own.map((look) => look.colour)).size === ids.length;
    return Object.fromEntries(ids.map((id, index) => [id, differ ? own[index] : PeftCharts.look(index)]));
  }

  // -- what is compared --------------------------------------------------------------------------

  // Called once for the whole page: links and buttons open the compare page wherever one is.
  function start(server, onOpen) {
    const again = page.server;
    Object.assign(page, { server, onOpen });
    if (again) return;
    document.addEventListener("pd-compare", (event) => show(event.detail.run_ids));
    document.addEventListener("pd-runs", () => { if (isSeen()) { drawChooser(); ask(); } });
    document.addEventListener("pd-look", () => draw(true));
    document.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-assignment]"), group = target.closest("[data-open-group]");
      if (button) redo(button);
      if (group) open(group.dataset.openGroup);
    });
    fromAddress();
  }

  // Called when its tab is drawn.
  function fill(element) {
    Object.assign(page, { element: find(".pd-compare", element) || element, key: "", data: null, listsFor: "" });
    page.element.innerHTML = SKELETON;
    page.element.addEventListener("click", onClick);
    page.element.addEventListener("change", onChange);
    page.element.addEventListener("input", onInput);
    new IntersectionObserver(() => (isSeen() ? enter() : leave())).observe(page.element);
  }

  function fromAddress() {
    const query = new URLSearchParams(location.search);
    if (query.get("view") === "group") page.group = query.get("group") || "";
    else if (query.get("view") === "compare") page.ids = (query.get("run_ids") || "").split(",").filter(Boolean).slice(0, MOST);
    else return;
    page.chosen = true;
    openTab("Compare");
  }

  // On a phone some tabs are behind Gradio's "…", in the page but out of sight.
  function openTab(name, tries = 200) {
    const tabs = [...document.querySelectorAll("#tabs button[role=tab], #tabs .overflow-dropdown button")];
    const tab = tabs.find((button) => button.textContent.trim() === name);
    if (tab?.getAttribute("aria-selected") === "true") return;
    tab?.click();
    // Gradio takes no clicks before it has set the page up.
    if (tries) setTimeout(openTab, 50, name, tries - 1);
  }

  function show(ids) {
    choose([...new Set(ids)].slice(0, MOST));
    openTab("Compare");
  }

  function choose(ids, group = null) {
    Object.assign(page, { ids, group, chosen: true, key: "", data: null, limit: 10 });
    if (isSeen()) enter();
  }

  const address = () => page.group ? `?view=group&group=${encodeURIComponent(page.group)}`
    : `?view=compare&run_ids=${page.ids.map(encodeURIComponent).join(",")}`;

  function enter() {
    if (!page.chosen) {
      page.ids = choosable().filter((run) => run.test).slice(0, MOST).map((run) => run.id);
      page.chosen = page.ids.length > 0;
    }
    // The address shows what is seen, so that it can be shared and survives a reload.
    if (page.before === null && !/view=(compare|group)/.test(location.search)) page.before = location.search;
    if (page.ids.length || page.group) history.replaceState(null, "", address());
    drawChooser();
    loadGroups();
    ask();
  }

  function leave() {
    if (/view=(compare|group)/.test(location.search)) history.replaceState(null, "", `${location.pathname}${page.before || ""}`);
    page.before = null;
  }

  async function loadGroups() {
    const text = await page.server.groups({});
    if (!text) return;
    const groups = JSON.parse(text);
    if (Array.isArray(groups)) page.groups = groups;
    drawChooser();
  }

  // One question at a time; what is asked meanwhile is asked once more after it.
  async function ask() {
    if (!isSeen() || (!page.ids.length && !page.group)) return draw();
    if (page.asking) return void (page.askAgain = true);
    page.asking = true;
    const asked = address();
    const text = page.group ? await page.server.group({ group: page.group, key: page.key })
      : await page.server.compare({ run_ids: page.ids, key: page.key });
    page.asking = false;
    if (text && asked === address()) {
      page.data = JSON.parse(text);
      page.key = page.data.key;
      draw();
    }
    if (page.askAgain || asked !== address()) { page.askAgain = false; ask(); }
    else if (facts()?.baselines_pending) setTimeout(ask, 700);
  }

  const facts = () => page.data?.comparison || page.data?.group;

  // -- choosing ----------------------------------------------------------------------------------

  function drawChooser() {
    const known = new Map(choosable().map((run) => [run.id, run])), look = looks(page.ids);
    replace(part("chips"), page.group ? "" : page.ids.map((id) => {
      const run = known.get(id), name = run?.name || id;
      return `<button type="button" class="pd-chip" data-remove="${escape(id)}" aria-label="Take ${escape(name)} out">
        ${run ? swatch(look[id]) : ""}<span>${escape(name)}</span><small aria-hidden="true">✕</small></button>`;
    }).join("") || "<p class='pd-quiet'>Choose two to eight runs.</p>");
    const words = find(".pd-filter").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const fit = [...known.values()].filter((run) => words.every((word) =>
      `${run.name} ${run.summary} ${run.id} ${run.owner} ${(run.tags || []).join(" ")}`.toLowerCase().includes(word)));
    const full = !page.group && page.ids.length >= MOST;
    replace(part("list"), fit.slice(0, MOST_LISTED).map((run) => {
      const checked = !page.group && page.ids.includes(run.id);
      return `<li><label><input type="checkbox" value="${escape(run.id)}" ${checked ? "checked" : ""} ${full && !checked ? "disabled" : ""}>
        <span>${escape(run.name)}</span> <small>${run.test ? percent(run.test.accuracy) : escape(run.status)} · ${escape(run.summary)}</small></label></li>`;
    }).join("") || "<li class='pd-quiet'>No run fits the filter.</li>");
    replace(part("more"), [
      fit.length > MOST_LISTED ? `${whole(fit.length - MOST_LISTED)} more runs: filter to find them.` : "",
      full ? `Eight runs are the most; take one out to choose another.` : "",
    ].filter(Boolean).join(" "));
    replace(part("groups"), page.groups.length ? `<h3>Groups</h3><p class="pd-quiet">Sweeps, repeats and races, as a whole.</p>
      <div class="pd-chips pd-toggles">${page.groups.slice(0, 40).map((group) => `<button type="button" class="pd-chip" data-group="${escape(group.group_id)}"
        aria-pressed="${group.group_id === page.group}"><span>${escape(group.name)}</span><small>${escape(group.kind)}</small></button>`).join("")}</div>` : "");
    find(".pd-copy").hidden = !page.ids.length && !page.group;
  }

  function onChange({ target }) {
    if (target.closest("[data-part=list]")) {
      const rest = page.group ? [] : page.ids;
      return choose(target.checked ? [...rest, target.value] : rest.filter((id) => id !== target.value));
    }
    if (target.dataset.option) {
      page.options[target.dataset.option] = target.type === "checkbox" ? target.checked : target.value;
      draw();
    }
  }

  function onInput({ target }) {
    if (target.matches(".pd-filter")) drawChooser();
    if (target.type === "range" && target.dataset.option) {
      page.options[target.dataset.option] = Number(target.value);
      draw();
    }
  }

  function onClick({ target }) {
    const button = target.closest("button");
    if (!button) return;
    const { remove, group, list, review, compare, stop } = button.dataset;
    if (stop) stopRuns(button, stop.split(","));
    if (remove) choose(page.ids.filter((id) => id !== remove));
    if (group) choose([], group);
    if (compare) choose(compare.split(","));
    if (button.matches(".pd-copy")) PeftConfiguration.copy(button, `${location.origin}${location.pathname}${address()}`);
    if (list) { page.list = list; drawLists(); }
    if (button.matches(".pd-longer")) { page.limit += 20; askLists(); }
    if (review) page.onOpen({ run_ids: page.lists.run_ids, index: Number(review) });
  }

  // Queue the assignment's four configurations, and watch them race.
  async function redo(button) {
    button.disabled = true;
    const text = await page.server.assignment({ tuned: button.dataset.assignment === "tuned", owner: PeftRunsTable.owner() });
    button.disabled = false;
    const answer = text ? JSON.parse(text) : { error: "No connection to the server: nothing was queued." };
    if (answer.error) return PeftRunActions.toast(answer.error, { isProblem: true });
    open(answer.group);
  }

  async function stopRuns(button, run_ids) {
    button.disabled = true;
    const problem = await page.server.act({ action: "stop", run_ids });
    if (problem) PeftRunActions.toast(problem, { isProblem: true });
    ask();
  }

  function open(group) {
    choose([], group);
    openTab("Compare");
  }

  // Called when the review page has what was clicked.
  const opened = () => openTab("Review");

  // -- the page ----------------------------------------------------------------------------------

  const SKELETON = `
    <section class="pd-panel" aria-labelledby="pd-compare-title">
      <div class="pd-row"><h2 id="pd-compare-title">Runs side by side</h2>
        <button type="button" class="pd-button pd-copy" hidden>Copy link</button></div>
      <div class="pd-chips" data-part="chips"></div>
      <details class="pd-picker"><summary>Choose runs</summary>
        <label class="pd-field">Filter <input type="search" class="pd-filter" placeholder="name, method, owner or tag"></label>
        <ul class="pd-pick-list" data-part="list"></ul><p class="pd-quiet" data-part="more"></p>
        <div data-part="groups"></div></details>
    </section>
    <section class="pd-panel pd-verdicts" aria-label="Verdict"><div data-part="verdict" aria-live="polite"></div></section>
    <div class="pd-compare-body" data-part="body"></div>`;

  const options = (values, chosen) => Object.entries(values).map(([value, label]) =>
    `<option value="${escape(value)}" ${String(value) === String(chosen) ? "selected" : ""}>${escape(label)}</option>`).join("");

  const panel = (title, quiet, body, extra = "") =>
    `<section class="pd-panel ${extra}"><h2>${title} <span class="pd-quiet">${quiet}</span></h2>${body}</section>`;
  const plot = (name, height = 300) => `<div class="pd-plot" data-plot="${name}" role="img" style="min-height:${height}px"><p class="pd-quiet pd-wait">Drawing …</p></div>`;

  const curveControls = (hasMeans, hasSteps) => `<div class="pd-controls">
    <label class="pd-field">Against <select data-option="x">${options({ epochs: "epochs", reviews: "training reviews seen", seconds: "seconds of training" }, page.options.x)}</select></label>
    ${hasSteps ? `<label class="pd-field">Smoothing of the training loss <input type="range" data-option="smoothing" min="0" max="0.98" step="0.02" value="${page.options.smoothing}"></label>` : ""}
    <label class="pd-field"><input type="checkbox" data-option="log" ${page.options.log ? "checked" : ""}> Log scale for losses</label>
    ${hasMeans ? `<label class="pd-field"><input type="checkbox" data-option="mean" ${page.options.mean ? "checked" : ""}> Repeats as mean and 95 % band</label>` : ""}</div>`;

  const curvePanels = (names) => `<div class="pd-charts" data-count="${names.length}">${Figures.CURVES.filter(({ key }) => names.includes(key)).map(({ key, title, by }) =>
    `<figure class="pd-panel"><figcaption><h2>${title} <span class="pd-quiet">${by}${key === "eval_accuracy" ? "; baselines are on the test reviews" : ""}</span></h2></figcaption>${plot(key)}</figure>`).join("")}</div>`;

  const paretoPanel = (measures) => panel("Quality against cost", "dotted: the frontier; grey: beaten in both", `<div class="pd-controls">
    <label class="pd-field">Up <select data-option="py">${options(Object.fromEntries(measures.map((m) => [m.key, m.label])), page.options.py)}</select></label>
    <label class="pd-field">Across <select data-option="px">${options(Object.fromEntries(measures.map((m) => [m.key, m.label])), page.options.px)}</select></label>
    <label class="pd-field"><input type="checkbox" data-option="plog" ${page.options.plog ? "checked" : ""}> Log scale for costs</label></div>
    ${plot("pareto", 380)}<p class="pd-quiet" data-part="missing"></p>
    <p class="pd-quiet">Bars are 95 % intervals. The frontier goes by the measured values alone: whether two neighbours truly differ, the pairs say.</p>`);

  function draw(force = false) {
    if (!page.element?.isConnected) return;
    if (!page.ids.length && !page.group) {
      replace(part("verdict"), "<p class='pd-quiet'>Choose two to eight runs above: the verdict comes here.</p>");
      return replace(part("body"), "");
    }
    if (!page.data) return replace(part("verdict"), "<p class='pd-quiet'>Comparing …</p>");
    if (page.data.error) {
      replace(part("body"), "");
      return replace(part("verdict"), `<p class="pd-problem">${escape(page.data.error)}</p>`);
    }
    drawVerdict();
    if (!window.Plotly) return void setTimeout(draw, 100, force);
    if (page.data.group) drawGroup();
    else drawComparison();
  }

  function drawVerdict() {
    const { verdict, problems, baselines_pending } = facts();
    const title = page.data.group ? `<h2>${escape(page.data.group.group.name)} <span class="pd-quiet">${escape(page.data.group.group.kind)} · ${page.data.group.runs.length} runs</span></h2>` : "";
    replace(part("verdict"), `${title}${verdict.map((sentence) => `<p class="${sentence.startsWith("(") ? "pd-quiet" : "pd-sentence"}">${glued(sentence)}</p>`).join("")}
      ${baselines_pending ? "<p class='pd-quiet pd-pending'>Computing the baselines …</p>" : ""}
      ${problems.length ? `<ul class="pd-warning">${problems.slice(0, 12).map((problem) => `<li>${escape(problem)}</li>`).join("")}
        ${problems.length > 12 ? `<li>… and ${problems.length - 12} more.</li>` : ""}</ul>` : ""}`);
  }

  // -- two to eight runs -------------------------------------------------------------------------

  function drawComparison() {
    const { comparison } = page.data, look = looks(comparison.runs.map((run) => run.run_id));
    const named = Object.fromEntries(comparison.runs.map((run) => [run.run_id, { ...run, look: look[run.run_id] }]));
    const several = comparison.runs.length > 1;
    if (!comparison.runs.length) return replace(part("body"), "");
    build(`compare ${several} ${comparison.repeats.length > 0}`, `
      <div class="pd-two">${panel("Test accuracy", "with 95 % Wilson intervals", `${plot("forest", 200)}<div data-part="lines"></div>`)}
      ${paretoPanel(comparison.pareto.measures)}</div>
      <h2 class="pd-section">Curves</h2>${curveControls(comparison.repeats.length > 0, true)}
      ${curvePanels(["eval_accuracy", "eval_loss", "loss"])}
      ${several ? panel("What differs", "settings with equal values are left out", "<div data-part='differences' class='pd-scroll' tabindex='0' role='region' aria-label='What differs'></div>") : ""}
      ${panel("Test results", "", "<div data-part='results' class='pd-scroll' tabindex='0' role='region' aria-label='Test results'></div>")}
      ${several ? panel("In pairs", "exact McNemar test on the same reviews, Holm-corrected", "<div data-part='pairs'></div>") : ""}
      ${panel("Where they go wrong", "confusion, and how sure a run may be of itself", "<div class='pd-small' data-part='small'></div><p class='pd-quiet'>Reliability: right answers in % (up) over confidence in % (across). On the dashed line a run is right as often as it is sure; below it, it is too sure. Larger dots hold more reviews.</p>")}
      ${several ? panel("Where do they disagree?", "", "<div data-part='lists'><p class='pd-quiet'>Looking …</p></div>") : ""}`);
    Figures.forest(find("[data-plot=forest]"), comparison.runs.map((run) => ({ name: run.name, look: look[run.run_id],
      estimate: run.quality && { value: run.quality.accuracy, low: run.quality.low, high: run.quality.high } })), comparison.baselines);
    replace(part("lines"), linesOf(comparison));
    drawPareto(comparison.pareto, named);
    drawCurves(comparison, look);
    replace(part("differences"), differencesOf(comparison, named));
    replace(part("results"), resultsOf(comparison, named));
    replace(part("pairs"), pairsOf(comparison, named));
    replace(part("small"), comparison.runs.filter((run) => run.quality).map((run) => smallOf(run, look[run.run_id])).join(""));
    askLists();
  }

  // The layout is built once for a kind of page, so that zoom, focus and open lists survive news.
  function build(kind, html) {
    if (part("body").dataset.kind === kind) return;
    part("body").dataset.kind = kind;
    part("body").innerHTML = html;
    page.listsFor = "";
  }

  function drawPareto(pareto, points) {
    const { px, py, plog } = page.options, keys = pareto.measures.map((m) => m.key);
    const [x, y] = [px, py].map((key) => pareto.measures[keys.indexOf(key)]);
    const pair = keys.indexOf(px) < keys.indexOf(py) ? `${px}|${py}` : `${py}|${px}`;
    const frontier = px === py ? bestOf(x) : pareto.frontiers[pair] || [];
    Figures.pareto(find("[data-plot=pareto]"), points, x, y, frontier, plog);
    const reasons = [...new Set([...Object.values(x.missing), ...Object.values(y.missing)])];
    replace(part("missing"), reasons.length ? `Not drawn: ${escape(reasons.slice(0, 4).join(" "))}${reasons.length > 4 ? ` … and ${reasons.length - 4} more.` : ""}` : "");
  }

  function bestOf({ values, smaller_is_better }) {
    const all = Object.entries(values).sort(([, a], [, b]) => smaller_is_better ? a.value - b.value : b.value - a.value);
    return all.filter(([, { value }]) => value === all[0][1].value).map(([id]) => id);
  }

  function drawCurves({ runs: all, repeats, baselines }, look) {
    const { mean } = page.options, { curves, means } = page.data;
    const repeated = new Set(mean ? repeats.flatMap((cell) => cell.run_ids) : []);
    for (const kind of Figures.CURVES) {
      const field = kind.key === "loss" ? "by_step" : "by_epoch";
      const single = (run) => ({ name: run.name, look: look[run.run_id], curve: curves[run.run_id]?.[field] || {} });
      const series = kind.key === "loss" || !mean ? all.map(single) : [
        ...repeats.map((cell) => ({ name: `${cell.name} (mean of ${cell.run_ids.length})`, look: look[cell.run_ids[0]], curve: means[cell.cell_id]?.by_epoch || {} })),
        ...all.filter((run) => !repeated.has(run.run_id)).map(single)];
      Figures.curves(find(`[data-plot=${kind.key}]`), kind, series.filter(Boolean).reverse(), { ...page.options, baselines });
    }
  }

  // -- disagreements ------------------------------------------------------------------------------

  async function askLists() {
    const tested = page.data.comparison?.runs.filter((run) => run.quality).map((run) => run.run_id) || [];
    const wanted = `${tested.join()} ${page.limit}`;
    if (page.listsFor === wanted || !part("lists")) return;
    page.listsFor = wanted;
    const text = await page.server.disagreements({ run_ids: tested, limit: page.limit });
    if (!text || page.listsFor !== wanted) return;
    page.lists = JSON.parse(text);
    drawLists();
  }

  function drawLists() {
    const lists = page.lists, all = page.data?.comparison?.runs || [];
    if (!lists || !part("lists")) return;
    if (lists.error) return replace(part("lists"), `<p class="pd-problem">${escape(lists.error)}</p>`);
    const look = looks(all.map((run) => run.run_id)), shown = all.filter((run) => lists.run_ids.includes(run.run_id));
    const tab = (kind, count, words) => `<button type="button" class="pd-chip" data-list="${kind}" aria-pressed="${page.list === kind}"><span>${words}</span><small>${whole(count)}</small></button>`;
    const reviews = lists[page.list], total = page.list === "split" ? lists.num_split : lists.num_all_wrong;
    const rows = reviews.map((review) => `<li><button type="button" class="pd-review" data-review="${review.index}" title="Open it on the Review page">${escape(review.excerpt || `Test review ${review.index + 1}`)}</button>
      <p class="pd-quiet">truly <b>${escape(lists.labels[review.label])}</b>; what each says, and how sure it is:</p>
      <p class="pd-said">${shown.map((run) => said(run, look[run.run_id], review)).join("")}</p></li>`);
    replace(part("lists"), `${lists.problems.map((problem) => `<p class="pd-warning">${escape(problem)}</p>`).join("")}
      ${lists.num_reviews ? `<div class="pd-chips pd-toggles">${tab("split", lists.num_split, "Some right, some wrong")}${tab("all_wrong", lists.num_all_wrong, "All wrong")}</div>
      <p class="pd-quiet">Of ${whole(lists.num_reviews)} test reviews; ${page.list === "split" ? "the widest gap between two probabilities" : "the surest mistakes"} first. Press a review to open it on the Review page with these adapters.</p>
      <ul class="pd-reviews">${rows.join("") || "<li class='pd-quiet'>None.</li>"}</ul>
      ${reviews.length < total && reviews.length < 200 ? "<button type='button' class='pd-button pd-longer'>Show more</button>" : ""}` : ""}`);
  }

  function said(run, look, review) {
    const shares = review.probabilities[run.run_id], share = Math.max(...shares), right = shares.indexOf(share) === review.label;
    return `<span class="pd-says ${right ? "pd-is-right" : "pd-is-wrong"}">${swatch(look)}<span>${escape(Figures.cut(run.name, 22))}</span><b>${escape(page.lists.labels[shares.indexOf(share)])} ${percent(share, 0)}</b><i>${right ? "✓ right" : "✗ wrong"}</i></span>`;
  }

  // -- a group as a whole -------------------------------------------------------------------------

  function drawGroup() {
    const { group, means } = page.data, { axes, cells } = group;
    const few = cells.length <= MOST, look = Object.fromEntries(cells.map((cell, index) => [cell.cell_id, PeftCharts.look(index)]));
    const swept = axes.filter((axis) => axis.values.length > 1);
    const across = swept[page.options.across] || swept[0], down = swept.filter((axis) => axis !== across)[Math.max(0, page.options.down - 1)] || swept.find((axis) => axis !== across);
    const others = swept.filter((axis) => axis !== across && axis !== down);
    const redone = group.assignment ? panel("The report beside ours", group.assignment.is_tuned ? "the same four with learning rates that suit them, and reviews enough" : "the same four configurations, trained again", "<div data-part='assignment'></div>") : "";
    // Of a race the curves come first: they are what is watched.
    const grown = few ? `<h2 class="pd-section">Curves</h2>${curveControls(false, false)}${curvePanels(["eval_accuracy", "eval_loss"])}` : "";
    build(`group ${group.group.group_id} ${few} ${group.repeat_pairs.length > 0} ${across?.field} ${down?.field}`, `
      ${redone}${group.group.is_race ? grown : ""}<div class="pd-two">${panel("Test accuracy", cells.some((cell) => cell.run_ids.length > 1) ? "mean of the seeds with 95 % t-intervals" : "with 95 % Wilson intervals", `${sweepControls(swept, across, down, others)}${plot("sweep", 280)}<div data-part="lines"></div>`)}
      ${paretoPanel(group.pareto.measures)}</div>
      ${group.group.is_race ? "" : grown}
      ${group.repeat_pairs.length ? panel("In pairs, by repeats", "the seeds are the source of chance; Holm-corrected", "<div data-part='repeats'></div>") : ""}
      ${panel("Configurations", "", "<div data-part='cells' class='pd-scroll pd-tall' tabindex='0' role='region' aria-label='Configurations'></div>")}`);
    const fixed = (cell) => others.every((axis) => cell.values[axis.field] === (page.options[`fix-${axis.field}`] ?? axis.values[0]));
    const sweep = find("[data-plot=sweep]"), shown = cells.filter(fixed);
    if (swept.length > 1) Figures.heatMap(sweep, across, down, shown);
    else if (swept.length === 1) Figures.sweepLine(sweep, across, cells, group.baselines);
    else Figures.forest(sweep, seedsOf(group, look), group.baselines);
    replace(part("lines"), linesOf(group));
    drawPareto(group.pareto, Object.fromEntries(cells.map((cell) => [cell.cell_id, { name: cell.name, look: look[cell.cell_id] }])));
    if (few) for (const kind of Figures.CURVES.slice(0, 2)) {
      const series = cells.map((cell) => ({ name: cell.name, look: look[cell.cell_id], curve: means[cell.cell_id]?.by_epoch || {} }));
      Figures.curves(find(`[data-plot=${kind.key}]`), kind, series, { ...page.options, baselines: group.baselines });
    }
    replace(part("assignment"), group.assignment ? assignmentOf(group.assignment) : "");
    replace(part("cells"), cellsOf(group, look));
    replace(part("repeats"), group.repeat_pairs.map((pair) => `<p>${glued(pair.words)}</p>`).join(""));
  }

  function sweepControls(swept, across, down, others) {
    if (swept.length < 3) return "";
    const names = Object.fromEntries(swept.map((axis, index) => [index, axis.label]));
    return `<div class="pd-controls"><label class="pd-field">Across <select data-option="across">${options(names, swept.indexOf(across))}</select></label>
      ${others.map((axis) => `<label class="pd-field">${escape(axis.label)} <select data-option="fix-${escape(axis.field)}">${options(Object.fromEntries(axis.values.map((v) => [v, v])), page.options[`fix-${axis.field}`] ?? axis.values[0])}</select></label>`).join("")}</div>`;
  }

  // Without swept fields: each seed of repeats with its own interval, above them their mean.
  function seedsOf({ cells, runs: all }, look) {
    if (cells.length > 1) return cells.map((cell) => ({ name: cell.name, look: look[cell.cell_id], estimate: cell.accuracy }));
    const [cell] = cells;
    const seeds = all.map((run, index) => ({ name: run.name, look: PeftCharts.look(index + 1), estimate: run.quality && { value: run.quality.accuracy, low: run.quality.low, high: run.quality.high } }));
    return cell?.num_finished > 1 ? [{ name: `Mean of ${cell.num_finished}`, look: look[cell.cell_id], estimate: cell.accuracy }, ...seeds] : seeds;
  }

  return { start, page: fill, opened };
})();
