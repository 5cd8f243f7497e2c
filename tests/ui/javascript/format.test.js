import * as format from "/assets/lib/format.js";
import { equal, test } from "/tests/runner.js";

const plain = text => text.replaceAll("\u00a0", " ");

const cases = await (await fetch("/tests/formats.json")).json();

test("numbers are written as in Python", () => {
  for (const [name, rows] of Object.entries(cases)) {
    const write = new Map(Object.entries(format)).get(name);
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

test("measured values carry the unit that the server names", () => {
  const cases = [
    [0.5, "share", "50.0 %"],
    [0.5555, "nats", "0.555 nats"],
    [148610, "parameters", "148,610"],
    [683_000, "bytes", "683 kB"],
    [3.21, "seconds", "3.2 s"],
    [44.4, "seconds", "44 s"],
    [222, "seconds", "3.7 min"],
    [12.345, "milliseconds per review", "12.3 ms"],
  ];
  for (const [value, unit, text] of cases) equal(plain(format.measured(value, unit)), text);
});

test("marks at an axis are brief", () => {
  equal(format.tick(5_300_000, "bytes"), "5.3");
  equal(
    [1_179_648, 20_736, 7].map(n => format.tick(n, "parameters")),
    ["1.2 M", "21 k", "7"],
  );
  equal(format.tick(0.30000000000000004, "seconds"), "0.3");
});
