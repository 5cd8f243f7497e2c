// The test texts that split the compared runs, and those that all get wrong.

import { ask } from "../gradio.js";
import { markup } from "../lib/html.js";
import { dressAll, fill } from "./layout.js";

const FIRST = 2;
const MORE = 10;

let compared = [];
let limit = FIRST;
let asked = "";
let answer = null;

// Other runs are compared: begin with few again.
export function restart() {
  limit = FIRST;
  asked = "";
}

export function lengthen() {
  limit += MORE;
  show(compared);
}

// What opens a text on the review page, with these adapters.
export const opening = index => ({ run_ids: answer.run_ids, index });

// `runs`: the compared ones, with their looks.
export async function show(runs) {
  compared = runs;
  const run_ids = runs.filter(run => run.quality).map(run => run.id);
  const wanted = `${run_ids.join()} ${limit}`;
  if (asked !== wanted) {
    asked = wanted;
    const found = await ask("disagreements", { run_ids, limit });
    if (!found || asked !== wanted) return;
    answer = found;
  }
  fill("lists", answer && markup(answer.html));
  dressAll(compared);
}
