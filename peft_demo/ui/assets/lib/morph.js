// Writes HTML, or elements, over what is there and changes only what differs: focus, scrolling, what is
// typed and what was opened stay. Elements with an id are known again wherever they stand.

// Own code would have to match old and new elements; of this library it is the whole purpose.
import { Idiomorph } from "../vendor/idiomorph.js";

const callbacks = {
  beforeAttributeUpdated: (name, element) => name !== "open" || !element.matches("details"),
};

export const morph = (element, content) =>
  Idiomorph.morph(element, content, {
    morphStyle: "innerHTML",
    // Of any other element with the focus it would leave the content as it was.
    ignoreActiveValue: document.activeElement.matches("input, textarea"),
    callbacks,
  });
