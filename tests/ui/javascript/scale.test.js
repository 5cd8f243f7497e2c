import { place, stops, written } from "/assets/lib/scale.js";
import { equal, test } from "/tests/runner.js";

const rank = stops({ min: 1, max: 256, step: 1, log: true });
const rate = stops({ min: 1e-7, max: 1, step: null, log: true });

test("a slider by factors stops where people count", () => {
  equal(
    rank,
    [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64, 80, 100, 125, 160, 200, 250, 256],
  );
  equal(rate.slice(12, 18).map(written), ["1e-4", "2e-4", "3e-4", "5e-4", "0.001", "0.002"]);
});

test("one of equal steps stops at each", () => {
  equal(stops({ min: 0, max: 0.3, step: 0.1, log: false }), [0, 0.1, 0.2, 0.3]);
});

test("a typed value stands at the nearest stop, and stays as it is", () => {
  equal(rank[place(rank, 60)], 64);
  equal([place(rank, 0), place(rank, 1000)], [0, rank.length - 1]);
});
