import { matcher } from "/assets/lib/listing.js";
import { equal, test } from "/tests/runner.js";

test("every word has to be somewhere, whatever its case", () => {
  const matches = matcher(" LoRA anna ");
  equal(matches(["Lora 1", "by Anna"]), true);
  equal(matches(["LoRA 1", "by Ben"]), false);
});

test("no words keep everything", () => equal(matcher("  ")([]), true));

test("an unknown part is no error", () => equal(matcher("x")([undefined, null, 3]), false));
