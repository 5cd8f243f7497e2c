// Runs the tests of a file, one after another, and tells how each ended.

const tests = [];

export const test = (name, body) => tests.push([name, body]);

export function equal(actual, expected) {
  const [is, should] = [actual, expected].map(value => JSON.stringify(value));
  if (is !== should) throw new Error(`is ${is}, should be ${should}`);
}

export function near(actual, expected, tolerance = 1e-9) {
  if (!(Math.abs(actual - expected) <= tolerance)) {
    throw new Error(`is ${actual}, should be near ${expected}`);
  }
}

// By name: null, or what went wrong.
export async function run(file) {
  tests.length = 0;
  await import(file);
  const ended = {};
  for (const [name, body] of tests) {
    try {
      await body();
      ended[name] = null;
    } catch (error) {
      ended[name] = error.stack;
    }
  }
  return ended;
}
