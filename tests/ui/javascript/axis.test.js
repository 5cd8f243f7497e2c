import { axisFor } from "/assets/lib/axis.js";
import { equal, near, test } from "/tests/runner.js";

test("costs that reach far stand by their logarithm", () => {
  const { place, share, axis } = axisFor([1e4, 1e6], "parameters", true);
  equal([place(1e4), place(1e6)], [4, 6]);
  equal(axis.ticktext, ["10 k", "30 k", "100 k", "300 k", "1 M", "3 M"]);
  near(share(1e5), 0.5);
});

test("zero has a place of its own, left of all others", () => {
  const { place, axis } = axisFor([0, 1e4, 1e6], "parameters", true);
  equal([place(0) < place(1e4), axis.ticktext[0], axis.range[0] < place(0)], [true, "0", true]);
});

test("costs close to each other stand linearly, from zero", () => {
  const { place, axis } = axisFor([100, 200], "seconds", true);
  equal([place(150), axis.range[0]], [150, 0]);
  equal(axis.ticktext, ["0", "100", "200"]);
});

test("shares and nats are never by their logarithm", () => {
  equal(
    [axisFor([0.01, 0.9], "share", true).place(0.5), axisFor([0.01, 9], "nats", true).place(5)],
    [0.5, 5],
  );
});

test("one value stands in the middle", () => near(axisFor([0.7], "share", false).share(0.7), 0.5));

test("nothing but zero is no error", () => equal(axisFor([0], "bytes", true).place(0), 0));
