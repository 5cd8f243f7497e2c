// The review page: answers follow what is typed once that pauses, and are marked until they do. What
// was typed and chosen is kept in this window, so that a reload leaves it there; the last that were
// answered in this browser, to be called back. No link sends them: a server never sees what follows #.

import { know } from "./asks.js";
import { tell } from "./gradio.js";
import { keep as keepIn, openTab, recall as recallFrom, setText } from "./lib/dom.js";
import { html } from "./lib/html.js";

const KEPT = "peft-demo-review";
const RECENT = "peft-demo-reviews";
const TRIES = "peft-demo-tries";
const MOST_RECENT = 20;
const TRIED_MS = 2000;
const PAUSE_MS = 300;

const kept = recallFrom(KEPT, sessionStorage);
const keep = changes => keepIn(KEPT, Object.assign(kept, changes), sessionStorage);
// The page is empty at first: that is not to be kept.
let isBack = false;
let isTruthOwn = false;
let timer = 0;
let sent = [];
let answeredText = "";

// Those that were answered, the newest first: { review, run_ids, truth }.
let recent = Object.values(recallFrom(RECENT));

// What was made of pinned reviews, the newest first: { asked, edit, changes }, as the server tells it.
let tries = Object.values(recallFrom(TRIES));
let trying = 0;

// What is seen: { text, ids, truth, pinned }.
let seen = {};

// A link to a review with its adapters, once: a reload leaves what was made of it.
const linked = new URLSearchParams(location.hash.slice(1));
if (linked.has("text")) {
  const [text, ids, truth, pinned] = ["text", "ids", "truth", "pinned"].map(
    name => linked.get(name) ?? "",
  );
  keep({ text, ids: ids.split(",").filter(Boolean), truth, pinned });
  history.replaceState(null, "", location.pathname + location.search);
  openTab("review-tab");
}

export function start() {
  const filled = () => Object.entries(seen).filter(([, value]) => String(value));
  know({ $review: () => `#${new URLSearchParams(filled())}` });
  const opened = ({ target }) => target.id === "pd-recent" && list(target);
  document.addEventListener("toggle", opened, true);
  // At once: who types and loads the page again does not wait until Gradio tells of it.
  const typedIn = ({ target }) => target.closest("#review") && keep({ text: target.value });
  document.addEventListener("input", typedIn);
}

// What others begin with were drafts of it.
function remember(review, run_ids, truth) {
  const isRefused = document.querySelector("#cards .pd-problem");
  if (isRefused || !run_ids.length || recent[0]?.review.startsWith(review)) return;
  const rest = recent.filter(other => !review.startsWith(other.review));
  recent = [{ review, run_ids, truth }, ...rest].slice(0, MOST_RECENT);
  keepIn(RECENT, recent);
}

function list(place) {
  const items = recent.map(
    one => html`<li><button type="button" class="pd-link" data-tell="recalled" data-with="${JSON.stringify(one)}"
      popovertarget="pd-recent" popovertargetaction="hide">${one.review}</button></li>`,
  );
  place.querySelector("ol").innerHTML = html`${items}`;
  place.querySelector("p").hidden = items.length > 0;
}

// Called when the page is there; answers what is seen as it was before it was loaded again. What was typed
// while it came stays.
export function recall(text, truth, pinned) {
  isBack = true;
  if (text) keep({ text, truth, pinned });
  return [kept.text ?? text ?? "", kept.truth ?? truth ?? "", kept.pinned ?? pinned ?? ""];
}

// In a list, as Gradio wants a single answer that is a list itself.
export const recallChoice = () => [kept.ids ?? null];
export const chosen = ids => keep({ ids });

// Called when the page has what was clicked on the compare page.
export function opened(ids) {
  isTruthOwn = false;
  keep({ ids });
  openTab("review-tab");
}

// The truth goes with the text that it came with, unless a person said it.
export function given(...textAndTruth) {
  isTruthOwn = false;
  return textAndTruth;
}

export function truthSaid() {
  isTruthOwn = true;
}

export const typed = truth => (isTruthOwn ? truth : "");

// Called whenever something has changed that the answers depend on.
export function changed(text, ids, truth, pinned) {
  seen = { text, ids, truth, pinned };
  if (!isBack) return;
  keep({ text, truth, pinned });
  clearTimeout(trying);
  mark();
  clearTimeout(timer);
  timer = setTimeout(askAll, PAUSE_MS);
}

// The cards, and the strength's dial once it was turned.
function askAll() {
  tell("reviewed");
  if (document.querySelector("#strength-shown [data-at]")) tell("turned");
}

// For who does not want to wait for the pause.
export function classify() {
  clearTimeout(timer);
  askAll();
}

export function asked(...seen) {
  sent = seen;
  return seen;
}

export function answered() {
  [answeredText] = sent;
  if (mark()) return;
  const edit = document.querySelector("#cards [data-try]");
  if (edit) showTries(edit);
  // What is typed on over was only on its way.
  if (edit) trying = setTimeout(keepTry, TRIED_MS, edit);
  remember(...sent);
  const vote = document.querySelector("#cards .pd-agreement, #cards .pd-problem");
  setText(document.querySelector("#header .pd-announce"), vote?.textContent ?? "");
}

function keepTry(place) {
  const now = JSON.parse(place.dataset.try);
  const whatOf = ({ asked }) => `${asked.pinned}\n${asked.review}`;
  const others = tries.filter(one => whatOf(one) !== whatOf(now));
  if (now.edit) tries = [now, ...others].slice(0, MOST_RECENT);
  keepIn(TRIES, tries);
  showTries(place);
}

function showTries(place) {
  const { pinned } = JSON.parse(place.dataset.try).asked;
  const items = tries
    .filter(one => one.asked.pinned === pinned)
    .map(
      one => html`<li><button type="button" class="pd-link" data-tell="recalled"
        data-with="${JSON.stringify(one.asked)}">${one.edit}</button> <span class="pd-quiet">${one.changes}</span></li>`,
    );
  place.querySelector("ol").innerHTML = html`${items}`;
  place.querySelector("h4").hidden = !items.length;
}

// Whether the answers are those for another text.
function mark() {
  const isBefore = kept.text !== answeredText;
  document.getElementById("cards")?.setAttribute("aria-busy", isBefore);
  return isBefore;
}
