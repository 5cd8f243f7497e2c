// The address follows the form, once a person has changed something.

import { isOn as isPresented } from "../present.js";
import { brief } from "./brief.js";
import * as rows from "./rows.js";

let isTouched = false;

export function start() {
  for (const kind of ["input", "click", "keydown"]) document.addEventListener(kind, touch, true);
}

function touch({ isTrusted, target }) {
  if (isTrusted && target.closest?.("#sidebar, #gallery, dialog")) isTouched = true;
}

// Called when the counts follow the form.
export function previewed() {
  rows.follow();
  if (isTouched && brief())
    history.replaceState(null, "", `?${brief().link}${isPresented ? "&present=1" : ""}`);
}
