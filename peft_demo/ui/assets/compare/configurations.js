// Every configuration of a group, the most accurate first.

import { html } from "../lib/html.js";
import { swatch } from "../lib/looks.js";
import { MOST } from "./address.js";
import { cellsOf, head, row, table } from "./tables.js";

const HEADS = [
  ["Configuration"],
  ["Finished"],
  ["Test accuracy", "95 % interval"],
  ["Lowest to highest", "of the seeds"],
];

const compareButton = ids =>
  html`<p><button type="button" class="pd-button" data-compare="${ids.join()}">Compare the best ${ids.length} side by side</button></p>`;

const stopButton = (name, ids) =>
  html`<button type="button" class="pd-button" data-stop="${ids.join()}" aria-label="Stop ${name}">Stop</button>`;

export function configurationsOf({ cells, best, runs: all }, looks) {
  const isGoing = ({ status }) => status === "queued" || status === "running";
  const going = new Set(all.filter(isGoing).map(run => run.run_id));
  const ranked = [...cells].sort((a, b) => (b.accuracy?.value ?? -1) - (a.accuracy?.value ?? -1));
  const top = ranked.filter(cell => cell.accuracy).slice(0, MOST);
  const rows = ranked.map(cell => {
    const running = cell.run_ids.filter(id => going.has(id));
    const mark = cell.cell_id === best ? "★ " : "";
    const name = html`${cells.length <= MOST && swatch(looks[cell.cell_id])} ${mark}${cell.name}`;
    const stop = running.length ? stopButton(cell.name, running) : html` `;
    return row(name, going.size ? [...cellsOf(cell), stop] : cellsOf(cell));
  });
  const heads = HEADS.map(([title, more]) => head(title, more));
  if (going.size) heads.push(html`<td></td>`);
  return html`${top.length > 1 && compareButton(top.map(cell => cell.run_ids[0]))}
    ${table("Every configuration, the most accurate first.", heads, rows)}`;
}
