// What is compared, and the server's answer to it, which follows the runs as they change.

import { ask, oneAtATime } from "../gradio.js";
import { isNone } from "./address.js";
import { ofTheServer } from "./options.js";

const PENDING_MS = 700;
const FIRST = 2;
const MORE = 10;

let asked = { ids: [], group: null };
let answer = null;
// How many texts are listed that split the runs.
let limit = FIRST;

export const get = () => asked;
export const answered = () => answer;

export function set(ids, group = null) {
  asked = { ids, group };
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
  const { ids: run_ids, group } = asked;
  const about = asked;
  const request = { run_ids, group, limit, key: answer?.key ?? "", ...ofTheServer() };
  const news = await ask(group ? "group" : "compare", request);
  if (about !== asked) return;
  if (news) {
    answer = news;
    onAnswer();
  }
  if (answer?.is_pending) setTimeout(refresh, PENDING_MS, onAnswer);
});
