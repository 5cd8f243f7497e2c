// Guesses about races, kept in this browser: until one is revealed, nothing here shows a result of its runs.

import { keep, recall } from "./lib/dom.js";

const KEPT = "peft-demo-guesses";

const guesses = recall(KEPT);

// { guess, isRevealed } of a group, if somebody wanted to predict it first.
export const get = group => guesses[group];

export function set(group, changes) {
  guesses[group] = { guess: "", isRevealed: false, ...guesses[group], ...changes };
  keep(KEPT, guesses);
}

export const hides = group => guesses[group]?.isRevealed === false;

// The groups whose results are hidden.
export const secret = () => Object.keys(guesses).filter(hides);

const RESULTS = { test: null, eval_accuracy: null, now: "" };

export const veiled = run => (hides(run.group_id) ? { ...run, ...RESULTS } : run);
