// What is compared, and the server's answer to it, which follows the runs as they change.

import { ask } from "../gradio.js";
import { isNone, toQuery } from "./address.js";

const PENDING_MS = 700;

let asked = { ids: [], group: null };
let answer = null;
let isAsking = false;
let isOutdated = false;

export const get = () => asked;
export const answered = () => answer;
export const facts = () => answer?.comparison || answer?.group;

export function set(ids, group = null) {
  asked = { ids, group };
  answer = null;
}

export function forgetAnswer() {
  answer = null;
}

// Asks what is new, and calls `onAnswer` when something is. One question at a time; what is asked
// meanwhile is asked once more after it.
export async function refresh(onAnswer) {
  if (isNone(asked)) return onAnswer();
  isOutdated = isAsking;
  if (isAsking) return;
  isAsking = true;
  const about = asked;
  const key = answer?.key || "";
  const news = about.group
    ? await ask("group", { group: about.group, key })
    : await ask("compare", { run_ids: about.ids, key });
  isAsking = false;
  const isStale = toQuery(about) !== toQuery(asked);
  if (news && !isStale) {
    answer = news;
    onAnswer();
  }
  if (isOutdated || isStale) refresh(onAnswer);
  else if (facts()?.baselines_pending) setTimeout(refresh, PENDING_MS, onAnswer);
}
