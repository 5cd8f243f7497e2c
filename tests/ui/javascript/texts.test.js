import { texts } from "/assets/lib/catalogue.js";
import { _, counted, runsIn } from "/assets/lib/texts.js";
import { equal, test } from "/tests/runner.js";

const none = { length: 0 };

test("without a catalogue a text is English, with its places filled", () => {
  equal(_("Edit %(name)s", { name: "100 % $& %(run)s" }), "Edit 100 % $& %(run)s");
});

test("one thing is not many", () => {
  equal(
    [1, 0, 1200].map(count => runsIn({ length: count })),
    ["1 run", "0 runs", "1,200 runs"],
  );
});

test("a catalogue's text stands in its place, and the number decides which", () => {
  Object.assign(texts, { "%(count)s run": ["%(count)s Lauf", "%(count)s Läufe"], Star: "Stern" });
  equal([_("Star"), runsIn([1]), runsIn(none)], ["Stern", "1 Lauf", "0 Läufe"]);
  equal(counted("%(count)s day", "%(count)s days", 2), "2 days");
  for (const text of Object.keys(texts)) delete texts[text];
});
