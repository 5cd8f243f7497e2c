import { dress, look, swatch } from "/assets/lib/looks.js";
import { equal, test } from "/tests/runner.js";

const first = Array.from({ length: 32 }, (_, n) => look(n));

test("eight runs have eight colours and eight markers", () => {
  for (const part of ["colour", "marker"]) {
    equal(new Set(first.slice(0, 8).map(each => each[part])).size, 8);
  }
});

test("thirty-two runs differ, by their dashes too", () => {
  equal(new Set(first.map(each => JSON.stringify(each))).size, 32);
});

test("two of the same colour differ in dash and marker", () => {
  const [one, other] = [look(3), look(11)];
  equal(
    ["colour", "dash", "marker"].map(part => one[part] === other[part]),
    [true, false, false],
  );
});

test("a swatch is drawn in the run's colour", () => {
  equal(String(swatch(look(0))).includes(`fill="${look(0).colour}"`), true);
});

test("places that name a run get its swatch and colour", () => {
  const holder = document.createElement("div");
  holder.innerHTML = '<article data-look="2"><span data-look="2"></span></article>';
  dress(holder, look);
  const [article, span] = holder.querySelectorAll("[data-look]");
  equal(article.style.getPropertyValue("--run"), look(2).colour);
  equal(span.innerHTML.includes(look(2).colour), true);
});
