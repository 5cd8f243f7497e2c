// The figures of the compare page, from facts that the server computed. Knows nothing of the page.
window.PeftComparisonCharts = (() => {
  "use strict";

  const { escape, percent, css, figure, empty, smoothed } = window.PeftCharts;
  const GREY = "#8b97a8";
  const SHORT = { "TF-IDF + logistic regression": "TF-IDF", "Majority class": "Guessing" };
  const DASHES = { "Majority class": "dot", "TF-IDF + logistic regression": "dash", "Head only": "dashdot" };

  const whole = (number) => Math.round(number).toLocaleString("en");
  const wrapped = (name, width = 20) => escape(cut(name, 44)).replace(new RegExp(`(.{${width},}?) `, "g"), "$1<br>");
  const cut = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;

  // How a value is written with its unit.
  function written(value, unit) {
    if (unit === "share") return percent(value);
    if (unit === "bytes") return value >= 1e6 ? `${(value / 1e6).toFixed(1)}\u00a0MB` : `${Math.round(value / 1e3)}\u00a0kB`;
    if (unit === "seconds") return value < 90 ? `${value.toFixed(value < 10 ? 1 : 0)}\u00a0s` : `${(value / 60).toFixed(1)}\u00a0min`;
    if (unit === "nats") return `${value.toFixed(3)}\u00a0nats`;
    if (unit === "parameters") return whole(value);
    return `${value.toPrecision(3)}\u00a0ms`;
  }

  const AXIS_UNITS = { share: "%", bytes: "MB", seconds: "s", nats: "nats", parameters: "", "milliseconds per review": "ms per review" };

  function labelOf(line, lines) {
    const short = SHORT[line.name] || line.name;
    const several = lines.filter((other) => other.name === line.name).length > 1;
    return `${short}${several && line.detail ? ` (${line.detail.replace(/ of .*/, "")})` : ""} ${percent(line.accuracy)}`;
  }

  // -- test accuracy with intervals ------------------------------------------------------------

  // Baselines as lines across the chart, their labels in a staircase so that none hides another.
  function lines(baselines, along, steps, [low, high] = [0, 1]) {
    const colour = css("--body-text-color-subdued");
    const sorted = [...baselines].sort((a, b) => a.accuracy - b.accuracy);
    const axis = (line) => along === "x" ? { x0: line.accuracy, x1: line.accuracy, yref: "paper", y0: 0, y1: 1 }
      : { y0: line.accuracy, y1: line.accuracy, xref: "paper", x0: 0, x1: 1 };
    const shapes = sorted.map((line) => ({ type: "line", layer: "below", ...axis(line), line: { color: colour, width: 1.5, dash: DASHES[line.name] || "longdash" } }));
    const annotations = sorted.map((line, index) => ({
      text: escape(labelOf(line, sorted)), showarrow: false, font: { size: 11, color: colour },
      ...(along === "x"
        ? { x: line.accuracy, xanchor: anchor((line.accuracy - low) / (high - low)), yref: "paper", y: 1, yanchor: "bottom", yshift: 2 + 14 * (index % steps) }
        : { y: line.accuracy, xref: "paper", yanchor: "bottom", ...(index % 2 ? { x: 0, xanchor: "left" } : { x: 1, xanchor: "right" }) }),
    }));
    return { shapes, annotations };
  }

  // A label near an edge stays inside.
  const anchor = (share) => share < 0.25 ? "left" : share > 0.75 ? "right" : "center";

  // ``points``: a list of { name, look, estimate: { value, low, high } }, the first at the top.
  function forest(plot, points, baselines, note = "") {
    const shown = points.filter((point) => point.estimate);
    const label = `Test accuracy with 95 % intervals${note}: ${shown.map(({ name, estimate }) =>
      `${name} ${percent(estimate.value)}${interval(estimate)}`).join("; ")}.${said(baselines)}`;
    if (!shown.length) return empty(plot, label, "No run has a test result yet.");
    const traces = shown.map(({ name, look, estimate }) => ({
      type: "scatter", mode: "markers", name: escape(name), x: [estimate.value], y: [name],
      marker: { color: look.colour, symbol: look.marker, size: 11 },
      error_x: bars([estimate], (v) => v, look.colour),
      hovertemplate: `%{fullData.name}: %{x:.1%}${escape(interval(estimate))}<extra></extra>`,
    }));
    // On a phone names stand above their bars.
    const narrow = plot.clientWidth < 380, steps = Math.max(1, Math.min(6, baselines.length));
    const above = shown.map(({ name }) => ({ text: escape(cut(name, 40)), xref: "paper", x: 0, xanchor: "left", y: name, yanchor: "bottom", yshift: 7,
      showarrow: false, font: { size: 12 }, bgcolor: css("--block-background-fill"), borderpad: 1 }));
    const all = [...shown.flatMap(({ estimate: e }) => [e.low ?? e.value, e.high ?? e.value]), ...baselines.map((line) => line.accuracy)];
    const low = Math.max(0, Math.min(...all) - 0.04), high = Math.min(1.005, Math.max(...all) + 0.04);
    const { shapes, annotations } = lines(baselines, "x", steps, [low, high]);
    figure(plot, label, traces, {
      height: 90 + 14 * steps + (narrow ? 46 : 34) * shown.length, margin: { l: 10, r: 22, t: 10 + 14 * steps, b: 42 },
      shapes, annotations: narrow ? [...annotations, ...above] : annotations,
      xaxis: { range: [low, high], tickformat: ".0%", tickangle: 0, nticks: narrow ? 5 : 7, title: { text: "test accuracy", standoff: 6, font: { size: 13 } } },
      yaxis: { automargin: true, type: "category", categoryarray: shown.map((p) => p.name).reverse(), categoryorder: "array",
        tickvals: shown.map((p) => p.name), ticktext: shown.map((p) => wrapped(p.name)), showticklabels: !narrow, range: [-0.6, shown.length - 0.4] },
    }, { displayModeBar: false });
  }

  const interval = ({ low, high }) => low == null ? "" : ` (${percent(low)} to ${percent(high)})`;
  const said = (baselines) => baselines.length ? ` Baselines: ${baselines.map((line) => labelOf(line, baselines)).join("; ")}.` : "";

  function bars(estimates, place, colour) {
    if (!estimates.some((estimate) => estimate.low != null)) return undefined;
    return {
      type: "data", symmetric: false, color: colour, thickness: 2, width: 5,
      array: estimates.map(({ value, high }) => high == null ? 0 : place(high) - place(value)),
      arrayminus: estimates.map(({ value, low }) => low == null ? 0 : place(value) - place(low)),
    };
  }

  // -- curves ------------------------------------------------------------------------------------

  const AXES = { epochs: "epoch", reviews: "training reviews seen", seconds: "seconds of training" };
  const CURVES = [
    { key: "eval_accuracy", title: "Validation accuracy", by: "after each epoch", share: true },
    { key: "eval_loss", title: "Validation loss", by: "after each epoch" },
    { key: "loss", title: "Training loss", by: "of each step" },
  ];

  // ``series``: a list of { name, look, curve } with the axes and the values in ``curve``.
  function curves(plot, kind, series, { x, smoothing, log, baselines }) {
    const shown = series.filter(({ curve }) => curve[kind.key]?.length);
    const ends = shown.map(({ name, curve }) => {
      const last = curve[kind.key].at(-1);
      return `${name} ends at ${kind.share ? percent(last) : last.toFixed(3)}`;
    });
    const own = kind.share ? baselines : [];
    const label = `${kind.title} against ${AXES[x]}: ${ends.join("; ") || "no run has any yet"}.${said(own)}`;
    if (!shown.length) return empty(plot, label, "No run has a curve yet.");
    const smooth = kind.key === "loss" ? smoothing : 0;
    const traces = shown.flatMap((run) => curve(kind, run, x, smooth, shown.length));
    const values = shown.flatMap(({ curve: c }) => [...c[kind.key], ...(c[`${kind.key}_low`] || []), ...(c[`${kind.key}_high`] || [])]);
    figure(plot, label, traces, {
      uirevision: `${x} ${log}`, height: 300,
      ...(own.length ? lines(own, "y", 1) : { shapes: [], annotations: [] }),
      xaxis: { title: { text: AXES[x], standoff: 6, font: { size: 13 } }, rangemode: "tozero" },
      yaxis: { automargin: true, ...scale(kind, values, own, log) },
    });
  }

  function curve(kind, { name, look: { colour, dash, marker }, curve: values }, x, smooth, count) {
    const digits = kind.share ? ".1%" : ".4f";
    const trace = {
      type: "scatter", name: escape(name), x: values[x], y: values[kind.key], connectgaps: false,
      mode: kind.key === "loss" ? "lines" : "lines+markers", line: { color: colour, dash, width: 2 }, marker: { symbol: marker, size: 7 },
      hovertemplate: `%{fullData.name}<br>${AXES[x]} %{x:,.4~r}: %{y:${digits}}<extra></extra>`,
    };
    const low = values[`${kind.key}_low`];
    if (low) {
      const edge = { ...trace, mode: "lines", line: { width: 0 }, hoverinfo: "skip", hovertemplate: undefined };
      return [{ ...edge, y: low }, { ...edge, y: values[`${kind.key}_high`], fill: "tonexty", fillcolor: `${colour}33` }, trace];
    }
    if (!smooth) return [trace];
    const raw = { ...trace, opacity: count > 4 ? 0.12 : 0.22, hoverinfo: "skip", hovertemplate: undefined, line: { color: colour, width: 1 } };
    return [raw, { ...trace, y: smoothed(trace.y, smooth) }];
  }

  function scale(kind, values, baselines, log) {
    if (kind.share) {
      const all = [...values, ...baselines.map((line) => line.accuracy)];
      const low = Math.min(...all), high = Math.max(...all), room = Math.max(0.03, (0.2 - (high - low)) / 2);
      return { range: [Math.max(0, low - room), Math.min(1.01, high + room)], tickformat: ".0%" };
    }
    if (log) return { type: "log", autorange: true, tickformat: ".2~r" };
    const sorted = [...values].sort((a, b) => a - b);
    // One run that diverged must not flatten all others; a double click shows the whole of it.
    const low = sorted[0], high = Math.min(sorted.at(-1), 3 * sorted[sorted.length >> 1]);
    const room = Math.max((high - low) * 0.08, (0.04 - (high - low)) / 2);
    return { range: [low - room, high + room], tickformat: high - low < 0.2 ? ".3f" : high < 20 ? ".2f" : ",.0f" };
  }

  // -- Pareto -------------------------------------------------------------------------------------

  // ``points``: by id { name, look }; ``x`` and ``y`` are measures.
  function pareto(plot, points, x, y, frontier, isLog) {
    const ids = Object.keys(points).filter((id) => x.values[id] && y.values[id]);
    const at = (id) => `${points[id].name}: ${written(x.values[id].value, x.unit)}, ${written(y.values[id].value, y.unit)}`;
    const label = `${y.label} against ${x.label.toLowerCase()}. On the frontier: ${frontier.map(at).join("; ") || "nobody"}. `
      + `Beaten in both: ${ids.filter((id) => !frontier.includes(id)).map(at).join("; ") || "nobody"}.`;
    if (!ids.length) return empty(plot, label, "No run has both.");
    const [px, py] = [x, y].map((measure) => placing(ids.map((id) => measure.values[id].value), measure, isLog));
    const traces = ids.map((id) => {
      const { name, look } = points[id], on = frontier.includes(id), colour = on ? look.colour : GREY;
      const [a, b] = [x.values[id], y.values[id]];
      return {
        type: "scatter", mode: on ? "markers+text" : "markers", name: escape(name), x: [px.place(a.value)], y: [py.place(b.value)],
        text: [`&nbsp;${escape(cut(name, 24))}&nbsp;`], textposition: `bottom ${px.share(a.value) > 0.5 ? "left" : "right"}`,
        marker: { color: colour, symbol: look.marker, size: on ? 13 : 10, opacity: on ? 1 : 0.75 },
        error_x: bars([a], px.place, colour), error_y: bars([b], py.place, colour),
        hovertemplate: `${escape(at(id))}${on ? "" : "<br>beaten in both"}<extra></extra>`,
      };
    });
    const line = [...frontier].filter((id) => ids.includes(id)).sort((a, b) => x.values[a].value - x.values[b].value);
    traces.unshift({
      type: "scatter", mode: "lines", hoverinfo: "skip", x: line.map((id) => px.place(x.values[id].value)), y: line.map((id) => py.place(y.values[id].value)),
      line: { color: css("--body-text-color-subdued"), width: 1.5, dash: "dot", shape: x.smaller_is_better ? "hv" : "vh" },
    });
    figure(plot, label, traces, {
      uirevision: `${x.key} ${y.key} ${isLog}`, height: 380, margin: { l: 60, r: 16, t: 16, b: 46 },
      xaxis: { title: { text: titleOf(x), standoff: 6, font: { size: 13 } }, ...px.axis },
      yaxis: { title: { text: titleOf(y), standoff: 6, font: { size: 13 } }, automargin: true, ...py.axis },
    });
  }

  const titleOf = ({ label, unit }) => AXIS_UNITS[unit] && unit !== "share" ? `${label} (${AXIS_UNITS[unit]})` : label;

  // Where values stand on an axis: linear, or by their logarithm, with a place of its own for zero.
  function placing(values, { unit }, isLog) {
    const positive = values.filter((value) => value > 0);
    const lowest = Math.min(...positive), highest = Math.max(...positive);
    const share = (low, high) => (value) => (value - low) / (high - low || 1);
    if (!isLog || unit === "share" || unit === "nats" || !positive.length || highest < 4 * lowest) {
      const low = Math.min(...values), high = Math.max(...values), room = (high - low || high || 1) * 0.15;
      const format = unit === "nats" ? ".2f" : high - low < 0.04 ? ".1%" : ".0%";
      const linear = { place: (value) => value, share: share(Math.min(low - room, 0), high + room) };
      if (unit === "share" || unit === "nats") return { ...linear, share: share(low - room, high + room), axis: { tickformat: format, nticks: 7 } };
      return { ...linear, axis: { range: [Math.min(low - room, 0), high + room], ...ticks(low, high + room, unit) } };
    }
    const zero = Math.log10(lowest) - 0.6, hasZero = values.some((value) => value <= 0);
    const place = (value) => value > 0 ? Math.log10(value) : zero;
    const marks = [];
    for (let power = Math.floor(Math.log10(lowest)); power <= Math.ceil(Math.log10(highest)); power += 1) {
      for (const digit of highest / lowest > 50 ? [1, 3] : [1, 2, 5]) marks.push(digit * 10 ** power);
    }
    const low = (hasZero ? zero : Math.log10(lowest)) - 0.15, high = Math.log10(highest) + 0.15;
    return {
      place, share: (value) => (place(value) - low) / (high - low),
      axis: { range: [low, high], tickmode: "array", tickvals: [...(hasZero ? [zero] : []), ...marks.map(Math.log10)],
        ticktext: [...(hasZero ? ["0"] : []), ...marks.map((mark) => brief(mark, unit))] },
    };
  }

  function ticks(low, high, unit) {
    const step = [1, 2, 5].map((digit) => digit * 10 ** Math.floor(Math.log10(high / 2))).filter((size) => high / size <= 6)[0]
      || 10 ** Math.ceil(Math.log10(high / 2));
    const marks = [];
    for (let mark = 0; mark <= high; mark += step) marks.push(mark);
    return { tickmode: "array", tickvals: marks, ticktext: marks.map((mark) => brief(mark, unit)) };
  }

  function brief(value, unit) {
    if (unit === "bytes") return `${Number((value / 1e6).toPrecision(2))}`;
    if (unit !== "parameters") return `${Number(value.toPrecision(2))}`;
    return value >= 1e6 ? `${Number((value / 1e6).toPrecision(2))} M` : value >= 1e3 ? `${Number((value / 1e3).toPrecision(2))} k` : `${value}`;
  }

  // -- sweeps -------------------------------------------------------------------------------------

  const titled = (text) => ({ text: escape(text), standoff: 6, font: { size: 13 } });

  // Mean accuracy over the values of one swept field.
  function sweepLine(plot, axis, cells, baselines) {
    const shown = cells.filter((cell) => cell.accuracy);
    const label = `Test accuracy over ${axis.label}: ${shown.map((cell) => `${cell.name} ${percent(cell.accuracy.value)}${interval(cell.accuracy)}`).join("; ")}.${said(baselines)}`;
    if (!shown.length) return empty(plot, label, "No run has a test result yet.");
    const numbers = shown.map((cell) => Number(cell.values[axis.field].replace(/,/g, "")));
    const isNumber = axis.is_number && numbers.every((number) => number > 0);
    const isLog = isNumber && Math.max(...numbers) >= 8 * Math.min(...numbers);
    const { colour } = PeftCharts.look(0);
    const values = shown.map((cell) => cell.accuracy);
    const trace = {
      type: "scatter", mode: isNumber ? "lines+markers" : "markers", x: isNumber ? numbers : shown.map((cell) => cell.values[axis.field]),
      y: values.map((value) => value.value), error_y: bars(values, (v) => v, colour), line: { color: colour, width: 2 }, marker: { size: 10, color: colour },
      hovertemplate: shown.map((cell) => `${escape(cell.name)}: %{y:.1%}${escape(interval(cell.accuracy))}<extra></extra>`),
    };
    const all = [...values.flatMap((v) => [v.low ?? v.value, v.high ?? v.value]), ...baselines.map((line) => line.accuracy)];
    figure(plot, label, [trace], {
      height: 360, ...lines(baselines, "y", 1),
      xaxis: { title: titled(axis.label), ...(isNumber ? { type: isLog ? "log" : "linear", tickmode: "array", tickvals: numbers, ticktext: numbers.map(String) } : { type: "category" }) },
      yaxis: { tickformat: ".0%", automargin: true, title: titled("test accuracy"), range: [Math.max(0, Math.min(...all) - 0.03), Math.min(1.005, Math.max(...all) + 0.03)] },
    });
  }

  // Mean accuracy over two swept fields, written into the cells.
  function heatMap(plot, across, down, cells) {
    const find = (x, y) => cells.find((cell) => cell.values[across.field] === x && cell.values[down.field] === y)?.accuracy;
    const grid = down.values.map((y) => across.values.map((x) => find(x, y)));
    const label = `Test accuracy over ${across.label} and ${down.label}: ${cells.filter((c) => c.accuracy).map((c) => `${c.name} ${percent(c.accuracy.value)}`).join("; ")}.`;
    if (!grid.flat().some(Boolean)) return empty(plot, label, "No run has a test result yet.");
    figure(plot, label, [{
      type: "heatmap", x: across.values.map((v) => wrapped(v, 14)), y: down.values.map((v) => wrapped(v, 14)), z: grid.map((row) => row.map((e) => e?.value ?? null)),
      text: grid.map((row) => row.map((e) => e ? `${percent(e.value)}${e.low == null ? "" : `<br>± ${(50 * (e.high - e.low)).toFixed(1)}`}` : "–")),
      texttemplate: "%{text}", colorscale: "Cividis", xgap: 3, ygap: 3, colorbar: { tickformat: ".0%", thickness: 12, outlinewidth: 0 },
      hovertemplate: `${escape(across.label)} %{x}, ${escape(down.label)} %{y}: %{text}<extra></extra>`,
    }], {
      height: 120 + 60 * down.values.length, margin: { l: 60, r: 12, t: 10, b: 50 },
      xaxis: { type: "category", title: titled(across.label) }, yaxis: { type: "category", automargin: true, title: titled(down.label) },
    }, { displayModeBar: false });
  }

  // -- small multiples, drawn without Plotly -------------------------------------------------------

  // Accuracy over confidence; a dot on the diagonal is a run that knows how sure it may be.
  function reliability(name, bins, colour) {
    const size = 132, pad = 24, inner = size - pad - 6;
    const x = (v) => pad + inner * Math.max(0, v - 0.5) / 0.5, y = (v) => 6 + inner * (1 - v);
    const most = Math.max(...bins.map((bin) => bin.count));
    const dots = bins.map((bin) => `<circle cx="${x(bin.confidence).toFixed(1)}" cy="${y(bin.accuracy).toFixed(1)}" r="${(2 + 6 * Math.sqrt(bin.count / most)).toFixed(1)}" fill="${colour}" fill-opacity="0.75"/>`).join("");
    const said = bins.map((bin) => `${bin.count} reviews at ${percent(bin.confidence)} confidence: ${percent(bin.accuracy)} right`).join("; ");
    return `<svg class="pd-reliability" viewBox="0 0 ${size + 6} ${size + 16}" role="img" aria-label="${escape(`Reliability of ${name}: ${said}.`)}">
      <rect x="${pad}" y="6" width="${inner}" height="${inner}" fill="none" stroke="currentColor" stroke-opacity="0.25"/>
      <line x1="${x(0.5)}" y1="${y(0.5)}" x2="${x(1)}" y2="${y(1)}" stroke="currentColor" stroke-opacity="0.55" stroke-dasharray="4 3"/>
      ${dots}<g font-size="9.5" fill="currentColor" fill-opacity="0.8">
      <text x="${pad - 3}" y="${y(1) + 4}" text-anchor="end">100</text><text x="${pad - 3}" y="${y(0.5) + 3}" text-anchor="end">50</text><text x="${pad - 3}" y="${y(0) + 1}" text-anchor="end">0</text>
      <text x="${x(0.5)}" y="${size + 2}" text-anchor="middle">50</text><text x="${x(1)}" y="${size + 2}" text-anchor="middle">100</text>
      <text x="${x(0.75)}" y="${size + 13}" text-anchor="middle">% confidence</text></g></svg>`;
  }

  function confusion(labels, rows) {
    const cell = (count, isRight, all) => `<td class="${isRight ? "pd-right" : "pd-wrong"}" style="--share:${(100 * count / (all || 1)).toFixed(0)}%">${whole(count)}</td>`;
    return `<table class="pd-confusion"><caption class="pd-quiet">Confusion, in reviews</caption>
      <thead><tr><td></td>${labels.map((label) => `<th scope="col">said ${escape(label)}</th>`).join("")}</tr></thead>
      <tbody>${rows.map((counts, row) => `<tr><th scope="row">is ${escape(labels[row])}</th>${counts.map((count, column) =>
        cell(count, row === column, counts.reduce((sum, each) => sum + each, 0))).join("")}</tr>`).join("")}</tbody></table>`;
  }

  return { lines, CURVES, AXES, forest, curves, pareto, sweepLine, heatMap, reliability, confusion, written, labelOf, whole, cut };
})();
