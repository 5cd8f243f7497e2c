// The figures: how runs look, and how their curves are drawn with Plotly. Knows nothing of the page.
window.PeftCharts = (() => {
  "use strict";

  // Eight hues that the colour-blind can tell apart; line and marker shapes tell the rest.
  const COLOURS = ["#3b7dd8", "#d55e00", "#0f9d76", "#c2579b", "#b98300", "#7a5fd0", "#2a9db8", "#8a6d4b"];
  const DASHES = ["solid", "dash", "dot", "dashdot"];
  const MARKERS = ["circle", "square", "diamond", "triangle-up", "x", "cross", "star", "pentagon"];

  // The same markers in a chip, drawn around 13, 5.
  const SHAPES = {
    circle: "M9 5a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", square: "M9.5 1.5h7v7h-7z", diamond: "M13 0l4.5 5-4.5 5-4.5-5z",
    "triangle-up": "M13 .5l4.6 8.5H8.4z", x: "M10 .5l3 3 3-3 1.5 1.5-3 3 3 3L16 9.5l-3-3-3 3L8.500 8l3-3-3-3z",
    cross: "M11.700 .5h2.600v3.200h3.200v2.600h-3.200v3.200h-2.600V6.300H8.500V3.700h3.200z",
    star: "M13 0l1.400 3.300 3.600.3-2.700 2.300.8 3.500L13 7.500 9.900 9.400l.8-3.500L8 3.600l3.600-.3z", pentagon: "M13 .5l4.500 3.300-1.700 5.400h-5.600L8.500 3.800z",
  };

  // The look of the n-th run: it keeps it whatever else is drawn.
  function look(n) {
    const round = Math.floor(n / COLOURS.length);
    return { colour: COLOURS[n % COLOURS.length], dash: DASHES[round % DASHES.length], marker: MARKERS[n % MARKERS.length] };
  }

  function swatch({ colour, dash, marker }) {
    const style = { solid: "none", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3" }[dash];
    return `<svg width="26" height="10" aria-hidden="true"><line x1="0" y1="5" x2="26" y2="5" stroke="${colour}"
      stroke-width="2.5" stroke-dasharray="${style}"/><path d="${SHAPES[marker]}" fill="${colour}"/></svg>`;
  }

  const KINDS = [
    { key: "eval_accuracy", title: "Validation accuracy", by: "per epoch; lines to beat are on the test reviews", track: "by_epoch", x: "epochs", unit: "epoch" },
    { key: "eval_loss", title: "Validation loss", by: "per epoch", track: "by_epoch", x: "epochs", unit: "epoch" },
    { key: "loss", title: "Training loss", by: "per step; bold is smoothed", track: "by_step", x: "steps", unit: "step" },
  ];

  const escape = (text) => String(text ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}\u00a0%`;
  const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

  function tracesOf(kind, { name, curve, look: { colour, dash, marker } }) {
    const digits = kind.key === "eval_accuracy" ? ".1%" : ".4f";
    const trace = {
      type: "scatter", name: escape(name), x: curve[kind.track][kind.x], y: curve[kind.track][kind.key],
      mode: "lines+markers", line: { color: colour, dash, width: 2 }, marker: { symbol: marker, size: 7 },
      hovertemplate: `%{fullData.name}<br>${kind.unit} %{x}: %{y:${digits}}<extra></extra>`,
    };
    if (kind.x === "epochs") return [trace];
    const raw = { ...trace, mode: "lines", opacity: 0.22, hoverinfo: "skip", hovertemplate: undefined, line: { color: colour, width: 1 } };
    return [raw, { ...trace, mode: "lines", y: smoothed(trace.y) }];
  }

  // Exponential moving average, corrected for its start, as Adam does (Kingma and Ba 2015).
  function smoothed(values, keep = 0.9) {
    let sum = 0, weight = 0;
    return values.map((value) => {
      sum = keep * sum + (1 - keep) * value;
      weight = keep * weight + (1 - keep);
      return sum / weight;
    });
  }

  const resizer = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target.data && target.clientWidth) Plotly.Plots.resize(target);
  });

  // A figure in the page's look; zoom and pan survive an update with the same ``uirevision``.
  function figure(plot, label, traces, layout, config = {}) {
    plot.setAttribute("aria-label", label);
    plot.querySelector(".pd-wait")?.remove();
    const ink = css("--body-text-color"), font = "IBM Plex Sans, sans-serif";
    const axis = { gridcolor: css("--border-color-primary"), zeroline: false };
    Plotly.react(plot, traces, {
      uirevision: "keep", showlegend: false, autosize: true, height: 280, margin: { l: 52, r: 12, t: 8, b: 42 },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: font, size: 13, color: ink }, hoverlabel: { font: { family: font } },
      ...layout, xaxis: { ...axis, ...layout.xaxis }, yaxis: { ...axis, ...layout.yaxis },
    }, { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"], ...config });
    resizer.observe(plot);
  }

  function empty(plot, label, text) {
    plot.setAttribute("aria-label", label);
    if (plot.data) Plotly.purge(plot);
    plot.innerHTML = `<p class='pd-quiet pd-wait'>${escape(text)}</p>`;
  }

  // Draw ``shown``, a list of { name, curve, look }, into the element ``plot``; on the chart of
  // accuracies with ``baselines`` as lines.
  function draw(plot, kind, shown, baselines = []) {
    if (!shown.length) return empty(plot, describe(kind, shown), "No run is selected.");
    figure(plot, describe(kind, shown), shown.flatMap((run) => tracesOf(kind, run)), {
      xaxis: { title: { text: kind.unit, standoff: 6, font: { size: 13 } }, rangemode: "tozero",
        ...(kind.x === "epochs" ? { tickformat: "d", dtick: longest(shown) > 12 ? undefined : 1 } : {}) },
      yaxis: { ...scale(kind, shown, baselines), automargin: true },
      ...(kind.key === "eval_accuracy" ? window.PeftComparisonCharts.lines(baselines, "y") : {}),
    });
  }

  function scale(kind, shown, baselines) {
    // Never so close that noise looks like a landslide, and no share outside 0 to 100 %.
    const perRun = shown.map((run) => run.curve[kind.track][kind.key]).filter((values) => values.length);
    if (!perRun.length) return { range: [0, 1] };
    const share = kind.key === "eval_accuracy", narrowest = share ? 0.2 : 0.04;
    const highest = perRun.map((values) => Math.max(...values));
    // One run that diverged must not flatten all others; a double click shows the whole of it.
    let high = Math.min(Math.max(...highest), share ? 1 : 3 * median(highest));
    let low = Math.min(high, ...perRun.flat());
    if (share) [low, high] = [Math.min(low, ...baselines.map((line) => line.accuracy)), Math.max(high, ...baselines.map((line) => line.accuracy))];
    const room = Math.max((high - low) * 0.08, (narrowest - (high - low)) / 2);
    [low, high] = [low - room, high + room];
    if (share) [low, high] = [Math.max(0, low), Math.min(1.01, high)];
    const span = high - low;
    return { range: [low, high], tickformat: share ? ".0%" : span < 0.2 ? ".3f" : span < 20 ? ".2f" : ",.0f" };
  }

  function median(values) {
    return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1];
  }

  const longest = (shown) => Math.max(1, ...shown.map((run) => run.curve.by_epoch.epochs.length));

  function describe(kind, shown) {
    const ends = shown.map((run) => {
      const values = run.curve[kind.track][kind.key] || [];
      const last = values[values.length - 1];
      return last === undefined ? `${run.name} has none yet`
        : `${run.name} ends at ${kind.key === "eval_accuracy" ? percent(last) : last.toFixed(3)}`;
    });
    return `${kind.title} ${kind.by}: ${ends.join("; ") || "no run is selected"}.`;
  }

  // Loss over learning rate, as a range test measured it, with its suggestion.
  function drawRange(plot, { learning_rates, losses, smoothed: curve, suggestion }) {
    const [colour, mark] = COLOURS;
    const rate = suggestion && Number(suggestion.toPrecision(2));
    const lowest = Math.min(...curve), highest = Math.min(Math.max(...curve), 2 * Math.max(...curve.slice(0, 10)));
    const room = Math.max(0.02, (highest - lowest) * 0.15);
    const base = { type: "scatter", mode: "lines", x: learning_rates };
    const traces = [
      { ...base, y: losses, name: "measured", opacity: 0.3, line: { color: colour, width: 1 } },
      { ...base, y: curve, name: "smoothed", line: { color: colour, width: 3 } },
    ];
    const label = rate ? `Loss over learning rate; suggested is ${rate}.` : "Loss over learning rate; no suggestion.";
    figure(plot, label, traces, {
      height: 300, margin: { l: 56, r: 12, t: 24, b: 46 },
      xaxis: { type: "log", title: { text: "learning rate", standoff: 6 }, exponentformat: "power", dtick: 1 },
      yaxis: { title: { text: "loss" }, range: [lowest - room, highest + room] },
      shapes: rate ? [{ type: "line", x0: rate, x1: rate, yref: "paper", y0: 0, y1: 1, line: { color: mark, width: 2, dash: "dash" } }] : [],
      annotations: rate ? [{ x: Math.log10(rate), y: 1.07, yref: "paper", text: `suggested: ${rate}`, showarrow: false, font: { color: css("--body-text-color") } }] : [],
    }, { displayModeBar: false });
  }

  return { KINDS, look, swatch, draw, drawRange, figure, empty, smoothed, escape, percent, css };
})();
