// The runs as the server last told them: one poll for the whole page, and who draws them follows it.

import { ask, oneAtATime } from "./gradio.js";
import { look } from "./lib/looks.js";
import { hides, veiled } from "./predictions.js";
import * as selection from "./selection.js";

const POLL_MS = 1000;

let version = -1;
let models = "";
let problem = "";
let ids = [];
let you = {};
const runs = new Map();
const curves = new Map();
const followers = [];

export const all = () => ids.map(id => runs.get(id)).filter(Boolean);
export const get = id => runs.get(id);
export const isOver = run => !["queued", "running"].includes(run.status);
export const isMine = run => run.owner_digest === you.owner && !run.reference;
export const mayChange = run => Boolean(run) && !run.reference && (you.may_all || isMine(run));
export const isTraining = run => run.kind === "training";

// { version, curve } of a run whose curve is there.
export const curveOf = id => curves.get(id);

// Runs on the charts that have a test result.
export const selectedTested = () =>
  all()
    .filter(run => run.test && selection.has(run.id))
    .map(run => run.id);

// By a run's place among all: references come first, so that it stays whatever is added.
export function lookOf(id) {
  const references = ids.filter(other => other.startsWith("reference-"));
  const place = references.indexOf(id);
  return look(place >= 0 ? place : references.length + Number(id.replace(/\D/g, "")) - 1);
}

// Calls `listener` with the server's news, or with undefined when it cannot be reached.
export const follow = listener => followers.push(listener);

const shown = () => selection.list().filter(id => runs.has(id));
const lacking = () => shown().filter(id => !curves.has(id));

// An answer that came after a newer one would look like another store's.
export const poll = oneAtATime(askOnce);

// All anew: what may be shown has changed.
export function restart() {
  version = -1;
  poll();
}

async function askOnce() {
  if (document.visibilityState === "hidden" || "paused" in document.documentElement.dataset) return;
  const request = { since: version, models, problem, shown: shown(), curves: lacking() };
  const news = await ask("poll", request);
  const isRefused = Boolean(news?.error);
  if (news && !isRefused) take(news);
  // So that the next answer takes it away.
  if (isRefused) problem = news.error;
  if (news !== null) for (const listener of followers) listener(news);
  // Nothing was told while the server was away.
  if (news === undefined) models = "";
  // Runs that were just selected still lack their curves.
  if (news && !isRefused && lacking().length) setTimeout(poll, 0);
}

function take(news) {
  // A version that went back is another store.
  if (news.version < version) for (const known of [runs, curves]) known.clear();
  version = news.version;
  models = news.models.text;
  problem = news.problem || "";
  ids = news.ids || ids;
  you = news.you || you;
  news.runs = news.runs.map(veiled);
  for (const run of news.runs) runs.set(run.id, run);
  const places = Object.entries(news.places ?? {});
  for (const [id, now] of places) Object.assign(runs.get(id) ?? {}, { now, state: now });
  for (const id of [...runs.keys()]) if (!ids.includes(id)) forget(id);
  for (const [id, curve] of Object.entries(news.curves)) {
    curves.set(id, { version, curve: hides(runs.get(id)?.group_id) ? {} : curve });
  }
  selection.selectNew([...ids.filter(id => runs.get(id)?.reference), ...ids]);
}

function forget(id) {
  for (const known of [runs, curves]) known.delete(id);
  selection.forget(id);
}

export function start() {
  document.addEventListener("visibilitychange", poll);
  (async function loop() {
    await poll();
    setTimeout(loop, POLL_MS);
  })();
}
