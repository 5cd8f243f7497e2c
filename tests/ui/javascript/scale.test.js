import { place, written } from "/assets/lib/scale.js";
import { equal, test } from "/tests/runner.js";

const rank = [1, 2, 50, 64, 80, 256];

test("a small number is written with its power", () => {
  equal([1e-4, 5e-4, 0.001, 0, 12].map(written), ["1e-4", "5e-4", "0.001", "0", "12"]);
});

test("a typed value stands at the nearest stop, and stays as it is", () => {
  equal(rank[place(rank, 60)], 64);
  equal([place(rank, 0), place(rank, 1000)], [0, rank.length - 1]);
});
