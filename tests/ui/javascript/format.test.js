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

test("near days have a time, far ones a year", () => {
  const now = Date.parse("2026-07-01T00:00:00Z");
  equal(format.when("2026-06-30T12:34:00Z", now), "30 Jun, 12:34");
  equal(format.when("2024-06-30T12:34:00Z", now), "30 Jun 2024");
});
