// What is compared, and the server's answer to it, which follows the runs as they change.

import { ask, oneAtATime } from "../gradio.js";
import { isNone, TEST } from "./address.js";
import { options } from "./options.js";

const PENDING_MS = 700;
const FIRST = 2;
const MORE = 10;

let asked = { ids: [], group: null, set: TEST };
let answer = null;
// How many texts are listed that split the runs.
let limit = FIRST;

export const get = () => asked;
export const answered = () => answer;

export function set(changes) {
  asked = { ...asked, group: null, ...changes };
  forgetAnswer();
}

export function forgetAnswer() {
  answer = null;
  limit = FIRST;
}

export function lengthen() {
  limit += MORE;
}

// Calls `onAnswer` when something is new.
export const refresh = oneAtATime(async onAnswer => {
  if (isNone(asked)) return onAnswer();
  const { ids: run_ids, group, set: evaluation_set } = asked;
  const about = asked;
  const what = group ? { group } : { run_ids, evaluation_set, limit, sure: options.sure };
  const { across, up, is_log, margin } = options; // of the figures that the server makes
  const request = { ...what, across, up, is_log, margin, key: answer?.key ?? "" };
  const news = await ask(group ? "group" : "compare", request);
  if (about !== asked) return;
  if (news) {
    answer = news;
    onAnswer();
  }
  if (answer?.is_pending) setTimeout(refresh, PENDING_MS, onAnswer);
});
