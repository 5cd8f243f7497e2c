// Runs in pairs: what is shown of each two, what could not be compared, and repeats.

import { pValue, signed, whole } from "../lib/format.js";
import { glued, html } from "../lib/html.js";
import { swatch } from "../lib/looks.js";

const HEADS = [
  ["Runs", ""],
  ["Difference", "95 % interval"],
  ["They disagree on", "and who is right"],
  ["p", "corrected"],
  ["Verdict", ""],
];

export const repeatsOf = pairs => pairs.map(({ words }) => html`<p>${glued(words)}</p>`);

export function pairsOf({ pairs, refused, repeat_pairs: repeated }, named) {
  const byId = Object.fromEntries(named.map(run => [run.run_id, run]));
  const who = id => (byId[id] ? html`${swatch(byId[id].look)} ${byId[id].name}` : id);
  const nameOf = id => byId[id]?.name || id;
  const both = ({ first, second }) => `${nameOf(first)} and ${nameOf(second)}`;
  const reasons = new Map();
  for (const pair of refused) {
    reasons.set(pair.reason, [...(reasons.get(pair.reason) || []), both(pair)]);
  }
  const refusals = [...reasons].map(
    ([reason, list]) => html`<li>${reason}<small>${list.join("; ")}</small></li>`,
  );
  return html`
    ${pairs.length ? tableOf(pairs, who) : html`<p class="pd-quiet">No two of these runs can be compared on the same test reviews yet.</p>`}
    ${refusals.length > 0 && html`<ul class="pd-warning">${refusals}</ul>`}
    ${repeated.length > 0 && html`<h3>By repeats</h3>${repeatsOf(repeated)}`}`;
}

// On a phone, runs and verdict alone.
const tableOf = (pairs, who) => html`
  <div class="pd-scroll pd-tall" tabindex="0" role="region" aria-label="Pairs of runs"><table class="pd-table pd-stack">
  <caption class="pd-quiet">Each pair, the more accurate run above. Intervals of single runs that overlap prove nothing; these tests use that both saw the same reviews.</caption>
  <thead><tr>${HEADS.map(([title, more]) => html`<th scope="col" class="${more && "pd-wide"}">${title}${more && html`<small>${more}</small>`}</th>`)}</tr></thead>
  <tbody>${pairs.map(pair => rowOf(pair, who))}</tbody></table></div>`;

const rowOf = (pair, who) => html`<tr data-shown="${pair.is_shown}">
  <th scope="row">${who(pair.first)}<br>${who(pair.second)}</th>
  <td class="pd-wide">${signed(pair.difference)} points<small>${signed(pair.low)} to ${signed(pair.high)}</small></td>
  <td class="pd-wide">${whole(pair.disagreements)} of ${whole(pair.num_reviews)}<small>${whole(pair.only_first)} for the upper, ${whole(pair.only_second)} for the lower</small></td>
  <td class="pd-wide">${pValue(pair.p_corrected)}</td>
  <td class="pd-pair-words"><b>${pair.is_shown ? "Difference shown" : "No difference shown"}</b><small>${glued(pair.words)}</small></td></tr>`;
