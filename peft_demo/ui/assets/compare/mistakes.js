// Where a run goes wrong: its confusion, and how sure it may be of itself. For any number of labels.

import { reliability } from "../charts/reliability.js";
import { whole } from "../lib/format.js";
import { html } from "../lib/html.js";
import { swatch } from "../lib/looks.js";

export const mistakesOf = ({ name, labels, texts, quality, look }) => html`
  <article class="pd-result" style="--run:${look.colour}"><h3>${swatch(look)} ${name}</h3>
  <div>${confusion(labels, texts, quality.confusion)}${reliability(name, quality.bins, labels, look.colour)}</div></article>`;

// `rows`: of each true label, how often the run said each.
function confusion(labels, texts, rows) {
  const cell = (count, isRight, all) =>
    html`<td class="${isRight ? "pd-right" : "pd-wrong"}" style="--share:${Math.round((100 * count) / (all || 1))}%">${whole(count)}</td>`;
  const row = (counts, truth) => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    const cells = counts.map((count, said) => cell(count, said === truth, all));
    return html`<tr><th scope="row">is ${labels[truth]}</th>${cells}</tr>`;
  };
  return html`<div class="pd-scroll"><table class="pd-confusion"><caption class="pd-quiet">Confusion, in ${texts}</caption>
    <thead><tr><td></td>${labels.map(label => html`<th scope="col">said ${label}</th>`)}</tr></thead>
    <tbody>${rows.map(row)}</tbody></table></div>`;
}
