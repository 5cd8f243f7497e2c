// The review page: answers follow what is typed once that pauses, and are marked until they do. What
// was typed and chosen is kept in this window, and nowhere else, so that a reload leaves it there.

import { tell } from "./gradio.js";
import { keep as keepIn, openTab, recall as recallFrom, setText } from "./lib/dom.js";

const KEPT = "peft-demo-review";
const PAUSE_MS = 250;

const kept = recallFrom(KEPT, sessionStorage);
const keep = changes => keepIn(KEPT, Object.assign(kept, changes), sessionStorage);
// The page is empty at first: that is not to be kept.
let isBack = false;
let isTruthOwn = false;
let timer = 0;
let sent = "";
let answeredText = "";

// Called when the page is there; answers what is seen as it was before it was loaded again.
export function recall(text, truth) {
  isBack = true;
  return [kept.text ?? text ?? "", kept.truth ?? truth ?? ""];
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
export function changed(text, __, truth) {
  if (!isBack) return;
  keep({ text, truth });
  mark();
  clearTimeout(timer);
  timer = setTimeout(tell, PAUSE_MS, "reviewed");
}

export function asked(...seen) {
  sent = seen[0];
  return seen;
}

export function answered() {
  answeredText = sent;
  if (mark()) return;
  const vote = document.querySelector("#cards .pd-agreement, #cards .pd-problem");
  setText(document.querySelector("#header .pd-announce"), vote?.textContent ?? "");
}

// Whether the answers are those for another text.
function mark() {
  const isBefore = kept.text !== answeredText;
  document.getElementById("cards")?.setAttribute("aria-busy", isBefore);
  return isBefore;
}
