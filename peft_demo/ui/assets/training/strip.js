// What happens now, on top of the Train page: what runs, what the last run showed, or what to try.

import { askOnce } from "../asks.js";
import { ask, isConnected } from "../gradio.js";
import { setText, whenPressed } from "../lib/dom.js";
import { _, counted } from "../lib/texts.js";
import * as runs from "../runs.js";
import { offer, showProgress } from "./rows.js";

let strip = null;
// Runs that were not over when this page saw them: the last of them to end is told.
const seenGoing = new Set();
let ended = null;

// What stands there until the server has queued what was started, or refused it.
const SENT_MS = 3000;
const SENT = { id: "", name: _("New run"), status: "running", now: _("Being queued …") };
let sent = null;

function send() {
  sent = { ...SENT, known: new Set(runs.all().map(run => run.id)) };
  draw();
  setTimeout(() => {
    sent = null;
    draw();
  }, SENT_MS);
}

// What was sent may be over before this page saw it go on: where it is refused, or very short.
export const overAtOnce = (all, { known }) =>
  all.find(run => runs.isOver(run) && runs.isMine(run) && !known.has(run.id));

export function start() {
  document.addEventListener(
    "click",
    ({ target }) => target.closest("#start, #queue-all, #search-start") && send(),
  );
  whenPressed("data-strip-close", close);
}

export function show(element) {
  strip = element;
}

// Of which run it is told, one's own before others': what is trained, what is next, what ended last.
export function told(all, last, sent = null) {
  const going = all.filter(run => !runs.isOver(run));
  const own = going.filter(runs.isMine);
  const some = own.length ? own : going;
  const now = some.find(run => run.status === "running") || some.at(-1);
  if (now) return { state: "going", run: now, waiting: going.length - 1 };
  if (sent) return { state: "going", run: sent, waiting: 0 };
  return last
    ? { state: "ended", run: last, waiting: 0 }
    : { state: "idle", run: null, waiting: 0 };
}

export function draw() {
  if (!strip?.isConnected) return;
  for (const run of runs.all()) {
    if (!runs.isOver(run)) seenGoing.add(run.id);
    else if (seenGoing.delete(run.id)) ended = run.id;
  }
  const over = sent && overAtOnce(runs.all(), sent);
  if (over) [ended, sent] = [over.id, null];
  const { state, run, waiting } = told(runs.all(), ended && runs.get(ended), sent);
  for (const part of strip.children) part.hidden = part.dataset.strip !== state;
  const part = strip.querySelector(`[data-strip=${state}]`);
  if (state === "idle") return drawQuestions(part.querySelector(".pd-questions"));
  part.dataset.run = run.id;
  part.style.setProperty("--run", runs.lookOf(run.id).colour);
  setText(part.querySelector(".pd-strip-name"), run.name);
  if (state === "ended") return drawEnded(part, run);
  drawGoing(part, run);
  const more = waiting && counted("and %(count)s more run", "and %(count)s more runs", waiting);
  setText(part.querySelector(".pd-strip-waiting"), more || "");
}

// How far a run is, and how to stop it.
export function drawGoing(part, run) {
  setText(part.querySelector(".pd-now"), run.now || run.called);
  showProgress(part.querySelector(".pd-progress"), run);
  offer(part, run);
}

async function drawEnded(part, run) {
  setText(part.querySelector(".pd-now"), run.ended);
  offer(part, run);
  // Results may be hidden, and shown later.
  const wanted = run.test ? run.id : "";
  if (part.dataset.diagnosed === wanted) return;
  part.dataset.diagnosed = wanted;
  const told = wanted && (await ask("diagnosis", { run_id: wanted }));
  if (part.dataset.diagnosed !== wanted) return;
  setText(part.querySelector(".pd-diagnosis"), told?.words ?? "");
  part.querySelector(".pd-again").innerHTML = told?.again ?? "";
}

// The page may be drawn before the header, which brings the server.
function drawQuestions(holder) {
  if (!holder.children.length && isConnected()) askOnce(holder);
}

function close() {
  ended = null;
  draw();
}
