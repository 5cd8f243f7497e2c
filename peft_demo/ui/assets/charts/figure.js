// A Plotly figure in the page's look, or a sentence in its place.

import { point, thousands } from "../lib/format.js";
import { html } from "../lib/html.js";

const page = document.documentElement;
const FONT = "IBM Plex Sans, sans-serif";

export const css = name => getComputedStyle(document.body).getPropertyValue(name).trim();

// An axis title: names of the server's are escaped by the caller.
export const titled = text => ({ text, standoff: 6, font: { size: 13 } });

// What was drawn while its tab was hidden, or on a phone that is turned, has other words beside it.
const resizer = new ResizeObserver(entries => {
  for (const { target: plot } of entries)
    if (plot.data && plot.clientWidth && plot.drawnWidth !== plot.clientWidth) plot.again();
});

// In pixels: of the full screen, or a plot's own, with the room that words below it take.
export const heightOf = plot =>
  document.fullscreenElement?.contains(plot)
    ? window.innerHeight - 90
    : (Number.parseInt(plot.style.minHeight, 10) || 280) + Number(plot.dataset.below ?? 0);

// Plotly is a file of megabytes: parts that draw wait for it.
export function whenReady(draw) {
  if (window.Plotly) return true;
  setTimeout(draw, 100);
  return false;
}

// Zoom and pan survive an update with the same `uirevision`. Traces are points or lines by default.
export function figure(plot, label, traces, { xaxis, yaxis, ...layout }) {
  plot.setAttribute("aria-label", label);
  plot.querySelector(".pd-wait")?.remove();
  const before = new Map(linesOf(plot));
  const axis = { gridcolor: css("--border-color-primary"), zeroline: false };
  Plotly.react(
    plot,
    traces.map(trace => ({ type: "scatter", ...trace })),
    {
      uirevision: "keep",
      showlegend: false,
      autosize: true,
      separators: point + thousands,
      height: heightOf(plot),
      margin: { l: 52, r: 12, t: 8, b: 42 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      // Larger where it is shown to others; see present.js.
      font: { family: FONT, size: page.dataset.present ? 17 : 13, color: css("--body-text-color") },
      // A finger that moves over a figure scrolls the page.
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      hoverlabel: { font: { family: FONT } },
      ...layout,
      xaxis: { ...axis, ...xaxis },
      yaxis: { ...axis, automargin: true, ...yaxis },
    },
    // Its own buttons would cover the curves, and one of them uploads the figure.
    { responsive: true, displayModeBar: false },
  );
  plot.drawnWidth = plot.clientWidth;
  plot.again ??= () => Plotly.Plots.resize(plot);
  resizer.observe(plot);
  if (matchMedia("(prefers-reduced-motion: no-preference)").matches) easeIn(plot, before);
}

const pointsOf = line => (line.getAttribute("d") ?? "").match(/[-.\d]+(?=,)/g) ?? [];
const linesOf = plot => [...plot.querySelectorAll(".js-line")].map(line => [line, pointsOf(line)]);

// What is new of a curve comes from the left, as its points appear; Plotly keeps the lines' elements.
function easeIn(plot, before) {
  for (const [line, points] of linesOf(plot)) {
    const last = before.get(line)?.length;
    if (!last || last >= points.length) continue;
    const [start, from, end] = [points[0], points[last - 1], points.at(-1)];
    const hidden = `${(100 * (end - from)) / (end - start)}%`;
    line.animate({ clipPath: [`inset(-9px ${hidden} -9px -9px)`, "inset(-9px)"] }, 600);
  }
}

export function empty(plot, label, text) {
  plot.setAttribute("aria-label", label);
  if (plot.data) Plotly.purge(plot);
  plot.innerHTML = html`<p class="pd-quiet pd-wait">${text}</p>`;
}
