import { morph } from "/assets/lib/morph.js";
import { equal, test } from "/tests/runner.js";

const row = (id, star) =>
  `<div id="${id}"><button data-star>${star}</button><details><summary>more</summary></details></div>`;

test("what is written over keeps the focus and what is open, wherever a row stands now", () => {
  const place = document.createElement("div");
  document.body.append(place);
  morph(place, row("a", "☆") + row("b", "☆"));
  const star = place.querySelector("#b [data-star]");
  star.focus();
  place.querySelector("#b details").open = true;
  morph(place, row("c", "☆") + row("b", "★") + row("a", "☆"));
  equal([...place.children].map(({ id }) => id).join(""), "cba");
  equal(document.activeElement === star, true);
  equal([star.textContent, place.querySelector("#b details").open], ["★", true]);
  equal(place.querySelectorAll("details[open]").length, 1);
  place.remove();
});

test("what is being typed stays, and is written where nobody is", () => {
  const place = document.createElement("div");
  document.body.append(place);
  morph(place, '<input id="one" value=""><input id="other" value="">');
  const [one, other] = place.children;
  one.focus();
  one.value = "typed";
  morph(place, '<input id="one" value="t"><input id="other" value="told">');
  equal([one.value, other.value], ["typed", "told"]);
  place.remove();
});
