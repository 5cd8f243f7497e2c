import { keepingFocus, replace } from "/assets/lib/dom.js";
import { markup } from "/assets/lib/html.js";
import { equal, test } from "/tests/runner.js";

const row = (id, star) =>
  `<p data-run="${id}"><button data-action="details"></button><button data-star="${id}">${star}</button></p>`;

test("what is written anew keeps the focus where it was", () => {
  const place = document.createElement("div");
  document.body.append(place);
  replace(place, markup(row("a", "☆") + row("b", "☆")));
  for (const wanted of ["[data-star=b]", "[data-run=b] [data-action]"]) {
    place.querySelector(wanted).focus();
    keepingFocus(place, () => replace(place, markup(row("b", wanted) + row("a", "☆"))));
    equal(document.activeElement === place.querySelector(wanted), true);
  }
  place.remove();
});
