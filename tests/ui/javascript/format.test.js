import * as format from "/assets/lib/format.js";
import { equal, test } from "/tests/runner.js";

const plain = text => text.replaceAll("\u00a0", " ");

const cases = await (await fetch("/tests/formats.json")).json();

test("numbers are written as in Python", () => {
  for (const [name, write] of Object.entries(format)) {
    const rows = cases[name] ?? [];
    const texts = rows.map(([, text]) => text);
    equal([name, ...rows.map(([value]) => plain(write(value)))], [name, ...texts]);
  }
});

test("an interval names both ends", () => {
  equal(plain(format.between({ low: 0.815, high: 0.86 })), "81.5 % to 86.0 %");
});

test("one thing is not many", () => {
  equal(
    [1, 0, 1200].map(count => format.counted(count, "run")),
    ["1 run", "0 runs", "1,200 runs"],
  );
});

test("near days have a time, far ones a year", () => {
  const now = Date.parse("2026-07-01T00:00:00Z");
  equal(format.when("2026-06-30T12:34:00Z", now), "30 Jun, 12:34");
  equal(format.when("2024-06-30T12:34:00Z", now), "30 Jun 2024");
});
