// The table of all runs. The server writes it whole, as a person wants to see it (columns, order, filters:
// kept in this browser) and with what is selected.

import { know } from "./asks.js";
import { ask, isConnected, oneAtATime } from "./gradio.js";
import { keep, recall, showTimes, whenPressed } from "./lib/dom.js";
import { morph } from "./lib/morph.js";
import { secret } from "./predictions.js";
import * as runs from "./runs.js";

const KEPT = "peft-demo-table";

let table = null;
let answer = { ids: [], own: [] };
const view = recall(KEPT);
const selected = new Set();

// As it is selected now: the server's answer may still be on its way.
const chosen = ids => ids.filter(id => selected.has(id));
const listed = () => (chosen(answer.ids).length ? chosen(answer.ids) : answer.ids);

export function start() {
  runs.follow(news => news && draw());
  whenPressed("data-view", changes => see(JSON.parse(changes)));
  know({ $own: () => chosen(answer.own), $listed: listed });
}

// Called when its tab is drawn.
export function show(element) {
  table = element.querySelector(".pd-runs");
  table.addEventListener("input", onInput);
  new IntersectionObserver(() => draw()).observe(table);
}

function see(changes) {
  Object.assign(view, { page: 0 }, changes);
  keep(KEPT, view);
  draw();
}

function onInput({ target: { name, value, checked } }) {
  if (name === "selected") {
    for (const id of value ? [value] : answer.ids) checked ? selected.add(id) : selected.delete(id);
    draw();
  } else if (name === "columns") {
    const boxes = [...table.querySelectorAll("[name=columns]:checked")];
    see({ columns: boxes.map(box => box.value) });
  } else see({ [name]: value });
}

const draw = oneAtATime(async () => {
  if (!table?.isConnected || !table.checkVisibility() || !isConnected()) return;
  table.ariaBusy = "true";
  const more = { selected: [...selected], secret: secret(), key: answer.key };
  const news = await ask("table", { ...view, ...more });
  if (news?.ids) write(news);
  table.ariaBusy = "false";
});

function write(news) {
  answer = news;
  morph(table, news.html);
  showTimes(table);
  const all = table.querySelector("[name=selected][data-some]");
  if (all) all.indeterminate = true;
}
