// Accuracy over confidence, drawn without Plotly: a dot on the diagonal is a run that knows how sure
// it may be. Confidence begins at that of guessing, one of so many labels.

import { percent } from "../lib/format.js";
import { html } from "../lib/html.js";

const LEFT = 24;
const TOP = 6;
const SIDE = 102;

export function reliability(name, bins, labels, colour) {
  const least = 1 / labels.length;
  const x = share => LEFT + (SIDE * Math.max(0, share - least)) / (1 - least);
  const y = share => TOP + SIDE * (1 - share);
  const most = Math.max(...bins.map(bin => bin.count));
  const dot = ({ confidence, accuracy, count }) =>
    html`<circle cx="${x(confidence).toFixed(1)}" cy="${y(accuracy).toFixed(1)}"
      r="${(2 + 6 * Math.sqrt(count / most)).toFixed(1)}" fill="${colour}" fill-opacity="0.75"/>`;
  const said = bins.map(
    ({ count, confidence, accuracy }) =>
      `${count} reviews at ${percent(confidence)} confidence: ${percent(accuracy)} right`,
  );
  const mark = share =>
    html`<text x="${LEFT - 3}" y="${y(share) + 3}" text-anchor="end">${100 * share}</text>`;
  const below = (share, text, line) =>
    html`<text x="${x(share)}" y="${TOP + SIDE + line}" text-anchor="middle">${text}</text>`;
  return html`<svg class="pd-reliability" viewBox="0 0 138 148" role="img"
    aria-label="Reliability of ${name}: ${said.join("; ")}.">
    <rect x="${LEFT}" y="${TOP}" width="${SIDE}" height="${SIDE}" fill="none" stroke="currentColor" stroke-opacity="0.25"/>
    <line x1="${x(least)}" y1="${y(least)}" x2="${x(1)}" y2="${y(1)}" stroke="currentColor" stroke-opacity="0.55" stroke-dasharray="4 3"/>
    ${bins.map(dot)}<g font-size="9.5" fill="currentColor" fill-opacity="0.8">
    ${[1, 0.5, 0].map(mark)}${below(least, Math.round(100 * least), 26)}${below(1, "100", 26)}
    ${below((1 + least) / 2, "% confidence", 37)}</g></svg>`;
}
