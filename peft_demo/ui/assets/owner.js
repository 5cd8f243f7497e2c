// Whose runs are this browser's: its id says who acts and stays here; of others' runs the server
// tells digests only.

import { call } from "./gradio.js";

let owner = "";
let digest = "";

export const get = () => owner;

export async function set(id) {
  owner = id;
  digest = await call("owner_digest", { owner: id });
}

export const isMine = run => run.owner_digest === digest && !run.reference;
export const nameOf = run => (isMine(run) ? "you" : run.owner);
