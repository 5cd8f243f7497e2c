import { matcher, sorted } from "/assets/lib/listing.js";
import { equal, test } from "/tests/runner.js";

const by = item => item.value;
const names = items => items.map(item => item.name).join("");
const items = [
  { name: "a", value: 2 },
  { name: "b", value: null },
  { name: "c", value: 1 },
  { name: "d", value: 2 },
  { name: "e" },
];

test("every word has to be somewhere, whatever its case", () => {
  const matches = matcher(" LoRA anna ");
  equal(matches(["Lora 1", "by Anna"]), true);
  equal(matches(["LoRA 1", "by Ben"]), false);
});

test("no words keep everything", () => equal(matcher("  ")([]), true));

test("an unknown part is no error", () => equal(matcher("x")([undefined, null, 3]), false));

test("upwards, with nothing last and equals in their order", () =>
  equal(names(sorted(items, by, false)), "cadbe"));

test("downwards, with nothing last too", () => equal(names(sorted(items, by, true)), "adcbe"));

test("the list itself stays as it was", () => {
  sorted(items, by, true);
  equal(names(items), "abcde");
});
