// The page's live parts: one poll for the whole page feeds header, board and table.
// The server sends JSON only when something has changed; figures are drawn here.
(() => {
  "use strict";

  const POLL_MS = 1000;
  const MOST_CHIPS = 24;
  const SELECTION = "peft-demo-selection";

  const page = {
    version: -1, models: "", problem: "", ids: [], runs: new Map(), curves: new Map(), curveVersions: new Map(),
    selected: new Set(), known: new Set(), server: null, onFinished: () => {},
    baselines: [], baselinesFor: "", baselinesAsked: null, header: null, board: null, finished: null, started: false,
  };

  // -- small helpers -------------------------------------------------------------------------

  const { escape, percent } = window.PeftCharts;
  const { STATES, whole, bytes, seconds } = window.PeftFormat;
  const find = (element, selector) => element.querySelector(selector);

  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function number(id) {
    // References come first, so that a run keeps its place whatever is added.
    const references = page.ids.filter((other) => other.startsWith("reference-"));
    const index = references.indexOf(id);
    return index >= 0 ? index : references.length + Number(id.replace(/\D/g, "")) - 1;
  }

  const look = (id) => PeftCharts.look(number(id));

  const ordered = () => page.ids.map((id) => page.runs.get(id)).filter(Boolean);
  const isOver = (run) => !["queued", "running"].includes(run.status);

  // -- polling -------------------------------------------------------------------------------

  async function poll() {
    if (document.visibilityState === "hidden") return;
    const shown = [...page.selected].filter((id) => page.runs.has(id));
    const curves = shown.filter((id) => page.curveVersions.get(id) === undefined);
    const seen = { since: page.version, models: page.models, problem: page.problem };
    // Gradio's client answers undefined when the server cannot be reached, null when nothing is new.
    const text = await page.server.poll({ ...seen, shown, curves });
    setConnection(text !== undefined);
    if (!text) return;
    const news = JSON.parse(text);
    if (!news.error) return take(news);
    page.problem = news.error;  // so that the next answer takes it away
    showProblem(news.error);
  }

  function take(news) {
    if (news.version < page.version) { page.runs.clear(); page.curves.clear(); page.curveVersions.clear(); }
    page.version = news.version;
    page.models = news.models.text;
    page.problem = news.problem || "";
    if (news.ids) page.ids = news.ids;
    for (const run of news.runs) {
      announce(page.runs.get(run.id), run);
      page.runs.set(run.id, run);
    }
    for (const id of [...page.runs.keys()]) if (!page.ids.includes(id)) forget(id);
    for (const [id, curve] of Object.entries(news.curves)) {
      page.curves.set(id, curve);
      page.curveVersions.set(id, news.version);
    }
    selectNew();
    tellFinished();
    showHeader(news);
    draw();
    document.dispatchEvent(new CustomEvent("pd-runs"));
    // Runs that were just selected still lack their curves.
    if ([...page.selected].some((id) => page.runs.has(id) && !page.curves.has(id))) setTimeout(poll, 0);
  }

  function forget(id) {
    for (const store of [page.runs, page.curves, page.curveVersions]) store.delete(id);
    page.selected.delete(id);
  }

  function selectNew() {
    let changed = false;
    // The references first, then the newest: more curves than these tell nothing.
    const references = page.ids.filter((id) => page.runs.get(id)?.reference);
    for (const id of [...references, ...page.ids]) {
      if (page.known.has(id)) continue;
      page.known.add(id);
      if (page.selected.size < MOST_CHIPS) page.selected.add(id);
      changed = true;
    }
    if (changed) keepSelection();
  }

  function keepSelection() {
    localStorage.setItem(SELECTION, JSON.stringify({ known: [...page.known], selected: [...page.selected] }));
  }

  function restoreSelection() {
    try {
      const kept = JSON.parse(localStorage.getItem(SELECTION) || "{}");
      page.known = new Set(kept.known || []);
      page.selected = new Set(kept.selected || []);
    } catch {
      localStorage.removeItem(SELECTION);
    }
  }

  function toggle(id) {
    page.selected.has(id) ? page.selected.delete(id) : page.selected.add(id);
    keepSelection();
    draw();
    poll();
  }

  function tellFinished() {
    const finished = ordered().filter((run) => run.status === "completed").map((run) => run.id + run.name).join();
    if (page.finished !== finished) page.onFinished();
    page.finished = finished;
  }

  function announce(before, run) {
    if (!before || before.status === run.status) return;
    const result = run.test ? `, test accuracy ${percent(run.test.accuracy)}` : "";
    setText(find(document, ".pd-announce"), `${run.name}: ${STATES[run.status]}${result}`);
  }

  // -- header --------------------------------------------------------------------------------

  function setConnection(alive) {
    const pill = find(page.header, ".pd-models");
    if (!alive) {
      pill.dataset.state = "failed";
      setText(pill, "No connection to the server; trying again …");
    } else if (pill.textContent.startsWith("No connection")) {
      page.models = "";
    }
  }

  function showHeader(news) {
    const pill = find(page.header, ".pd-models");
    pill.dataset.state = news.models.state;
    setText(pill, news.models.text);
    showProblem(news.problem || "");
  }

  function showProblem(sentence) {
    const problem = find(page.header, ".pd-store-problem");
    problem.hidden = !sentence;
    setText(problem, sentence);
  }

  function start(element, server, onFinished, onRate) {
    Object.assign(page, { header: element, server, onFinished });
    find(element, ".pd-theme").addEventListener("click", () => {
      const dark = document.body.classList.toggle("dark");
      localStorage.setItem("peft-demo-dark", dark ? "1" : "0");
      draw(true);
    });
    PeftConfiguration.start(server, onRate);
    if (page.started) return;
    page.started = true;
    const tags = () => [...new Set(ordered().flatMap((run) => run.tags))].sort();
    const host = { runs: ordered, run: (id) => page.runs.get(id), tags, server: () => page.server, poll, details };
    PeftRunActions.start(host);
    PeftRunsTable.start(host);
    const dark = localStorage.getItem("peft-demo-dark");
    if (dark !== null) document.body.classList.toggle("dark", dark === "1");
    if (window.innerWidth < 768) closeSidebar(30);
    restoreSelection();
    (async function loop() {
      await poll();
      setTimeout(loop, POLL_MS);
    })();
    document.addEventListener("visibilitychange", poll);
    document.addEventListener("blur", tellClamped, true);
    keepRefusals();
    document.addEventListener("click", (event) => {
      if (event.target.closest("#start, #queue-all")) setTimeout(showRefused, 200);
      // What opens at the form's end would open behind the start button.
      const opened = event.target.closest("#several > button, #transfer > button, #more-settings > button");
      if (opened) setTimeout(() => opened.parentElement.scrollIntoView({ block: "start", behavior: "smooth" }), 350);
    });
  }

  function closeSidebar(tries = 1) {
    // On a phone the open form covers the page; Gradio opens it some time after the page is there.
    const sidebar = document.getElementById("sidebar");
    if (sidebar?.classList.contains("open")) find(sidebar, ".toggle-button").click();
    else if (tries > 1) setTimeout(closeSidebar, 100, tries - 1);
  }

  function submitted() {
    if (window.innerWidth < 768) closeSidebar();
    [...document.querySelectorAll("button[role=tab]")].find((tab) => tab.textContent.trim() === "Training")?.click();
    poll();
  }

  // The sentence at a field may be out of sight, or behind "More settings". Gradio has no event for
  // a refused value, so this looks for one a while after the click.
  function showRefused(tries = 120, opened = false) {
    const wrong = [...document.querySelectorAll("#sidebar .validation-error, #sidebar .pd-kept")].find((e) => e.textContent);
    if (wrong?.offsetParent) return wrong.scrollIntoView({ block: "center", behavior: "smooth" });
    // Once only: on a busy machine a second click would close it again before it has opened.
    if (wrong && !opened) find(document, "#more-settings button").click();
    if (tries) setTimeout(showRefused, 50, tries - 1, opened || Boolean(wrong));
  }

  // Gradio takes a refusal away as soon as any other event answers, such as the live count; here it
  // stays at its field until that is changed, or until the next try.
  function keepRefusals() {
    const form = document.getElementById("sidebar");
    if (!form) return void setTimeout(keepRefusals, 100);  // the header may be drawn before it
    const drop = (holder) => holder?.querySelectorAll(".pd-kept").forEach((note) => note.remove());
    const isRefusal = (node) => node.matches?.("div.validation-error");
    new MutationObserver((mutations) => {
      for (const { target, addedNodes, removedNodes } of mutations) {
        const block = target.closest?.(".block");
        if (!block) continue;
        if ([...addedNodes].some(isRefusal)) drop(block);
        const gone = [...removedNodes].find(isRefusal);
        if (!gone || block.dataset.changed || find(block, "div.validation-error")) continue;
        drop(block);
        const note = document.createElement("p");
        note.className = "pd-clamped pd-kept";
        note.setAttribute("role", "alert");
        note.textContent = gone.textContent;
        block.append(note);
      }
    }).observe(form, { childList: true, subtree: true });
    const changed = ({ target }) => {
      const block = target.closest?.("#sidebar .block");
      if (!block) return;
      block.dataset.changed = "yes";
      drop(block);
    };
    for (const kind of ["input", "change"]) form.addEventListener(kind, changed, true);
    form.addEventListener("click", ({ target }) => {
      if (!target.closest("#start, #queue-all, #paste-button, #find-rate")) return;
      drop(form);
      form.querySelectorAll("[data-changed]").forEach((block) => delete block.dataset.changed);
    }, true);
  }

  // A slider moves a typed number into its range without a word; here it says so.
  function tellClamped(event) {
    const input = event.target, holder = input.closest?.("#sidebar .block");
    if (input.type !== "number" || !holder || !find(holder, "input[type=range]")) return;
    find(holder, ".pd-clamped")?.remove();
    const { min, max, value } = input, typed = Number(value);
    if (value !== "" && typed >= Number(min) && typed <= Number(max)) return;
    const field = holder.id.replace(/^.*-/, "") || "This value";
    const kept = Math.min(Number(max), Math.max(Number(min), typed));
    const note = document.createElement("p");
    note.className = "pd-clamped";
    note.setAttribute("role", "alert");
    note.textContent = `${field} must be between ${min} and ${max}, got ${value || "nothing"}; it is ${kept} now.`;
    holder.append(note);
  }

  // -- training board ------------------------------------------------------------------------

  function board(element) {
    page.board = find(element, ".pd-board") || element;
    page.board.innerHTML = `
      <section class="pd-tiles" aria-label="Overview"></section>
      <section class="pd-panel pd-row" aria-label="The assignment, redone">
        <p><b>The assignment, redone.</b> Four configurations that a report ranked by 32 reviews, trained again side by side: can such numbers tell them apart?</p>
        <button type="button" class="pd-button" data-assignment="original">Train the four</button>
      </section>
      <section class="pd-panel" aria-labelledby="pd-pick-title">
        <h2 id="pd-pick-title">Runs in the charts <span class="pd-quiet">press one to show or hide it</span></h2>
        <div class="pd-chips"></div>
        <p class="pd-verdict" role="status"></p>
      </section>
      <section class="pd-charts" aria-label="Charts">${PeftCharts.KINDS.map((chart) => `
        <figure class="pd-panel" data-chart="${chart.key}">
          <figcaption><h2>${chart.title} <span class="pd-quiet">${chart.by}</span></h2></figcaption>
          <div class="pd-plot" role="img"><p class="pd-quiet pd-wait">Loading the charts …</p></div>
        </figure>`).join("")}
      </section>
      <h2 class="pd-section">Runs</h2>
      <section class="pd-cards" aria-label="Runs"></section>`;
    page.board.addEventListener("click", onBoardClick);
    draw();
  }

  function onBoardClick(event) {
    const chip = event.target.closest(".pd-chip");
    if (chip) return toggle(chip.dataset.run);
    act(event);
  }

  async function act(event) {
    const button = event.target.closest("button[data-action]");
    if (!button) return;
    const id = button.closest("[data-run]").dataset.run, action = button.dataset.action;
    if (action === "details") return details(id);
    if (action === "delete") return PeftRunActions.remove([id]);
    button.disabled = true;
    if (action === "stop") setText(button, "Stopping …");
    const problem = await page.server.act({ action, run_ids: [id] });
    button.disabled = false;
    if (problem) alert(problem);
    poll();
  }

  function draw(force = false) {
    if (force) document.dispatchEvent(new CustomEvent("pd-look"));
    if (page.board?.isConnected) drawBoard(force);
    PeftRunsTable.draw();
  }

  function drawBoard(force) {
    drawTiles();
    drawChips();
    drawVerdict();
    drawCharts(force);
    drawCards();
  }

  function drawTiles() {
    const runs = ordered();
    const count = (status) => runs.filter((run) => run.status === status).length;
    const best = runs.filter((run) => run.test).sort((a, b) => b.test.accuracy - a.test.accuracy)[0];
    const tiles = [
      [count("running"), "running"],
      [count("queued"), "in the queue"],
      [count("completed"), "finished"],
      [best ? percent(best.test.accuracy) : "–",
        best ? `best test accuracy · ${best.name} · 95 % interval ${percent(best.test.low)} to ${percent(best.test.high)}` : "best test accuracy"],
    ];
    replace(find(page.board, ".pd-tiles"), tiles.map(([value, label]) =>
      `<div class="pd-tile"><b>${escape(value)}</b><span>${escape(label)}</span></div>`).join(""));
  }

  function replace(element, html) {
    if (element.dataset.html === html) return;
    element.dataset.html = html;
    element.innerHTML = html;
  }

  function drawable() {
    const runs = ordered().filter((run) => run.kind === "training"
      && (run.epoch > 0 || run.step > 0 || run.status === "running"));
    if (runs.length <= MOST_CHIPS) return runs;
    return runs.filter((run, index) => page.selected.has(run.id) || run.reference || index < MOST_CHIPS);
  }

  function drawChips() {
    const chips = find(page.board, ".pd-chips");
    const focused = chips.contains(document.activeElement) ? document.activeElement.dataset.run : null;
    replace(chips, drawable().map((run) => {
      return `<button type="button" class="pd-chip" data-run="${escape(run.id)}" aria-pressed="${page.selected.has(run.id)}">
        ${PeftCharts.swatch(look(run.id))}
        <span>${escape(run.name)}</span>${run.reference ? "<small>reference</small>" : ""}</button>`;
    }).join("") || "<p class='pd-quiet'>No run has begun yet.</p>");
    if (focused) [...chips.children].find((chip) => chip.dataset.run === focused)?.focus();
  }

  async function drawVerdict() {
    const ids = ordered().filter((run) => run.test && page.selected.has(run.id)).map((run) => run.id);
    const key = ids.join();
    if (page.verdictFor === key) return;
    page.verdictFor = key;
    const text = ids.length > 1 ? await page.server.verdict({ run_ids: ids }) : "";
    if (page.verdictFor === key) setText(find(page.board, ".pd-verdict"), text);
  }

  function drawCharts(force) {
    if (!window.Plotly) return void setTimeout(() => draw(true), 100);
    const shown = drawable()
      .filter((run) => page.selected.has(run.id) && page.curves.has(run.id))
      .map((run) => ({ id: run.id, name: run.name, curve: page.curves.get(run.id), look: look(run.id) }))
      .reverse();
    askBaselines();
    const drawn = shown.map((run) => `${run.id}:${page.curveVersions.get(run.id)}:${run.name}`).join() + page.baselinesFor;
    if (!force && page.drawn === drawn && page.drawnIn === page.board) return;
    Object.assign(page, { drawn, drawnIn: page.board });
    for (const kind of PeftCharts.KINDS) {
      PeftCharts.draw(find(page.board, `[data-chart=${kind.key}] .pd-plot`), kind, shown, page.baselines);
    }
  }

  // What guessing, counting words and the baseline methods get on the selected runs' reviews.
  async function askBaselines() {
    const ids = ordered().filter((run) => run.test && page.selected.has(run.id)).map((run) => run.id);
    if (page.baselinesAsked === ids.join()) return;
    page.baselinesAsked = ids.join();
    const text = await page.server.baselines({ run_ids: ids });
    if (!text || page.baselinesAsked !== ids.join()) return;
    const { lines = [], is_pending } = JSON.parse(text);
    Object.assign(page, { baselines: lines, baselinesFor: ids.join() });
    draw(true);
    if (is_pending) setTimeout(() => { page.baselinesAsked = null; askBaselines(); }, 1500);
  }

  // -- run cards -----------------------------------------------------------------------------

  function carded() {
    const runs = ordered();
    const first = runs.filter((run) => !isOver(run)).reverse();
    const rest = runs.filter(isOver);
    return [...first, ...rest.filter((run, index) => index < 12 || run.reference)];
  }

  function drawCards() {
    const holder = find(page.board, ".pd-cards");
    const wanted = carded();
    const ids = new Set(wanted.map((run) => run.id));
    for (const card of [...holder.children]) if (!ids.has(card.dataset.run)) card.remove();
    wanted.forEach((run, index) => {
      let card = [...holder.children].find((other) => other.dataset.run === run.id);
      if (!card) card = newCard(run);
      if (holder.children[index] !== card) holder.insertBefore(card, holder.children[index] || null);
      fillCard(card, run);
    });
  }

  function newCard(run) {
    const card = document.createElement("article");
    card.className = "pd-card";
    card.dataset.run = run.id;
    card.style.setProperty("--run", look(run.id).colour);
    card.innerHTML = `
      <div class="pd-card-top"><h3></h3><span class="pd-state"></span></div>
      <p class="pd-quiet pd-summary"></p>
      <div class="pd-progress" role="progressbar" aria-valuemin="0" aria-valuemax="100"><i></i></div>
      <p class="pd-now"></p>
      <div class="pd-actions">
        <button type="button" class="pd-button" data-action="stop">Stop</button>
        <button type="button" class="pd-button" data-action="details">Details</button>
        <button type="button" class="pd-button" data-action="delete">Delete</button>
      </div>`;
    return card;
  }

  function fillCard(card, run) {
    setText(find(card, "h3"), run.name);
    setText(find(card, ".pd-summary"), run.summary + (run.reference ? " · reference" : ""));
    const state = find(card, ".pd-state");
    state.dataset.state = run.status;
    setText(state, STATES[run.status]);
    const share = run.status === "completed" ? 1 : run.max_steps ? run.step / run.max_steps : 0;
    const progress = find(card, ".pd-progress");
    progress.setAttribute("aria-valuenow", Math.round(100 * share));
    progress.setAttribute("aria-label", `Progress of ${run.name}`);
    progress.classList.toggle("pd-busy", run.status === "running" && (share === 0 || run.phase !== "Training"));
    find(progress, "i").style.width = `${100 * share}%`;
    setText(find(card, ".pd-now"), now(run));
    const stop = find(card, "[data-action=stop]");
    stop.hidden = isOver(run);
    stop.setAttribute("aria-label", `Stop ${run.name}`);
    find(card, "[data-action=details]").setAttribute("aria-label", `Details of ${run.name}`);
    const remove = find(card, "[data-action=delete]");
    remove.hidden = !isOver(run) || run.reference;
    remove.setAttribute("aria-label", `Delete ${run.name}`);
  }

  function now(run) {
    if (run.status === "queued") return run.queue === 1 ? "Next in the queue" : `Number ${run.queue} in the queue`;
    if (run.range) return `${run.range.suggestion ? `Suggests a learning rate of ${run.range.suggestion}` : "Shows no good rate"}${run.range.is_sure ? "" : " (unsure)"} · Details shows the curve`;
    if (run.status === "completed") return run.test
      ? `Test accuracy ${percent(run.test.accuracy)} (95 %: ${percent(run.test.low)} to ${percent(run.test.high)}) on ${whole(run.test.reviews)} reviews · ${seconds(run.seconds)}`
      : "";
    if (isOver(run)) return run.error || (run.epoch ? `Stopped after ${run.epoch} of ${run.max_epochs} epochs` : "Stopped before the first epoch ended");
    const parts = [];
    if (run.phase && run.phase !== "Training") parts.push(`${run.phase} …`);
    if (run.max_steps) parts.push(`epoch ${Math.min(run.epoch + 1, run.max_epochs)} of ${run.max_epochs}`, `step ${run.step} of ${run.max_steps}`);
    if (run.samples_per_second) parts.push(`${run.samples_per_second.toFixed(0)} reviews/s`);
    if (run.seconds_left != null && run.step) parts.push(`about ${seconds(run.seconds_left)} left`);
    if (run.learning_rate != null) parts.push(`lr ${Number(run.learning_rate).toPrecision(2)}`);
    return parts.join(" · ") || "Starting …";
  }

  // -- details -------------------------------------------------------------------------------

  async function details(id) {
    const text = await page.server.details({ run_id: id });
    if (text === undefined) return setConnection(false);
    const run = JSON.parse(text);
    const dialog = document.createElement("dialog");
    dialog.className = "pd-dialog";
    dialog.setAttribute("aria-label", `Details of ${id}`);
    dialog.innerHTML = `<button type="button" class="pd-button pd-close" autofocus>Close</button>${run.error && !run.config
      ? `<p class="pd-problem">${escape(run.error)}</p>` : detailsOf(run)}`;
    document.body.append(dialog);
    find(dialog, ".pd-close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.showModal();
    const plot = find(dialog, ".pd-range");
    if (plot) PeftCharts.drawRange(plot, run.range_test);
  }

  function rangeOf(run) {
    const { suggestion, is_sure, reason } = run.range_test;
    const rate = suggestion && Number(suggestion.toPrecision(2));
    const use = rate ? `<button type="button" class="pd-button" data-rate="${rate}">Put ${rate} into the form</button>` : "";
    return `<h3>Learning-rate range test</h3><div class="pd-plot pd-range" role="img"></div>
      <p>${rate ? `Suggested learning rate: <b>${rate}</b>.` : "The curve shows no good learning rate."} ${is_sure ? "" : `Unsure: ${escape(reason)}`}</p>${use}
      <p class="pd-quiet">The rate grows from step to step. The suggestion is half the rate at which the loss was lowest; above that it rises again.
      <a href="https://arxiv.org/abs/1506.01186" target="_blank" rel="noopener noreferrer">Cyclical Learning Rates for Training Neural Networks (Smith 2017)</a></p>`;
  }

  const CODE = (run) => `<h3>Take it along</h3><p class="pd-actions">
    <button type="button" class="pd-button" data-code="script" data-run="${escape(run.run_id)}">Python script</button>
    <button type="button" class="pd-button" data-code="notebook" data-run="${escape(run.run_id)}">Notebook</button></p>`;

  const pairs = (rows) => `<table class="pd-pairs"><tbody>${rows.map(([name, value]) =>
    `<tr><th scope="row">${escape(name)}</th><td>${escape(Array.isArray(value) ? value.join(", ") : value)}</td></tr>`).join("")}</tbody></table>`;

  function detailsOf(run) {
    const { result, config } = run;
    const epochs = result ? result.training_table
      : run.epochs.map((e) => ({ Epoch: e.epoch, "Training Loss": e.train_loss.toFixed(6), "Validation Loss": e.eval_loss.toFixed(6), Accuracy: e.eval_accuracy.toFixed(6) }));
    const names = ["Epoch", "Training Loss", "Validation Loss", "Accuracy"];
    const history = epochs.length ? `<h3>Epochs</h3><table class="pd-epochs"><thead><tr>${names.map((n) => `<th scope="col">${n}</th>`).join("")}</tr></thead>
      <tbody>${epochs.map((row) => `<tr>${names.map((n) => `<td>${escape(typeof row[n] === "number" && n !== "Epoch" ? row[n].toFixed(6) : row[n])}</td>`).join("")}</tr>`).join("")}</tbody></table>
      <p class="pd-quiet">Training Loss is logged every tenth step; "No log" where none fell into the epoch. Accuracy is measured on ${whole(Math.round(config.num_reviews / 5))} validation reviews.</p>` : "<p class='pd-quiet'>No epoch is finished yet.</p>";
    const facts = result ? `<h3>Result</h3>${pairs([
      ["Test accuracy", `${percent(result.test_accuracy)} (95 % Wilson interval ${percent(result.test_interval[0])} to ${percent(result.test_interval[1])})`],
      ["Test reviews", whole(result.num_test_reviews)],
      ["Test loss", `${result.test_loss.toFixed(4)} (guessing gives 0.6931)`],
      ["Adapter parameters", `${whole(result.num_adapter_parameters)} (${percent(result.num_adapter_parameters / result.num_base_parameters, 2)} of the base)`],
      ["Head parameters", whole(result.num_head_parameters)],
      ["File", `${bytes(result.file_bytes)}, ${result.saved_as}${result.saved_as === "float16" ? " (half precision, so that the file stays below 10 MB)" : ""}`],
      ["Saved and loaded again", result.reload_difference ? `largest difference of a logit ${result.reload_difference.toExponential(1)}` : "exactly the same logits"],
      ["Computed in", result.precision],
      ["Time", seconds(result.seconds)],
    ])}${run.kind === "training" ? "<h3>TrainOutput</h3>" : ""}${pairs(Object.entries(result.train_output).map(([name, value]) => [name, Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 })]))}` : "";
    const range = run.range_test ? rangeOf(run) : "";
    const code = run.kind === "training" ? CODE(run) : "";
    const environment = result ? `<h3>Environment</h3>${pairs(Object.entries(result.environment))}` : "";
    return `<h2>${escape(config.name)} <span class="pd-state" data-state="${run.status}">${STATES[run.status]}</span></h2>
      <p class="pd-quiet">${escape(run.run_id)} · ${new Date(run.created_at).toLocaleString()}</p>
      ${run.tags.length ? `<p class="pd-tags">${run.tags.map((tag) => `<i>${escape(tag)}</i>`).join("")}</p>` : ""}
      ${run.note ? `<p class="pd-note">${escape(run.note)}</p>` : ""}
      ${run.is_reference ? "" : `<button type="button" class="pd-button" data-edit="${escape(run.run_id)}">Edit name, tags and note</button>`}
      ${run.error ? `<p class="pd-problem">${escape(run.error)}</p>` : ""}
      <div class="pd-columns"><div>${range}${facts}${run.kind === "training" ? history : ""}</div><div><h3>Configuration</h3>${pairs(Object.entries(config))}${code}${environment}</div></div>`;
  }

  window.PeftDemo = { start, board, submitted, previewed: PeftConfiguration.previewed, runs: ordered, look };
})();
