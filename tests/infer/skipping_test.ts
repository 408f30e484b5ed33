// When experts rest: below one gate, until they are at another.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { createSkipper, resolveSkipping } from "../../lib/infer/skipping.ts";

const PLACES = [
  { title: "first", models: [0, 1, 2], shares: true },
  { title: "last", models: [0, 1, 2], shares: true },
];

/** A token at which the experts' gates at the last place are these, and half of it at the first. */
const token = (a: number, b: number) => [[1 - (a + b) / 2, a / 2, b / 2], [1 - a - b, a, b]];

Deno.test("an expert rests below one mean gate, and comes back at another", () => {
  const skipper = createSkipper({ below: 0.1, above: 0.2, every: 2 }, 3, PLACES, [1, 2]);
  skipper.read([token(0.5, 0.1), token(0.5, 0.05)]);
  assert.equal(skipper.decide(), undefined, "before the end of the prompt");
  skipper.read([token(0.5, 0.05)]);
  assert.deepEqual(skipper.decide(), [2], "a mean of 0.067");
  assert.equal(skipper.decide(), undefined, "decided");
  skipper.read([token(0.09, 0.3)]);
  assert.equal(skipper.decide(), undefined, "in the middle of a segment");
  skipper.read([token(0.11, 0.05)]);
  assert.equal(skipper.decide(), undefined, "0.1 is not below 0.1, and 0.175 not yet 0.2");
  skipper.read([token(0.05, 0.2), token(0.05, 0.25)]);
  assert.deepEqual(skipper.decide(), [1], "0.225 is enough");
  skipper.read([token(0.19, 0.15), token(0.15, 0.15)]);
  assert.equal(skipper.decide(), undefined, "between both, all stays as it is");
  assert.deepEqual(skipper.resting, [1]);
  // Of 9 tokens expert 1 missed the last 2, and expert 2 read at once the 4 that it had missed.
  assert.deepEqual(skipper.run, { tokens: 9, experts: [{ model: 1, tokens: 7 }, { model: 2, tokens: 9 }] });
});

Deno.test("the place with the largest gate decides", () => {
  const skipper = createSkipper({ below: 0.3, above: 0.3, every: 1 }, 1, PLACES, [1, 2]);
  skipper.read([[[0.2, 0.4, 0.4], [0.8, 0.1, 0.1]]]);
  assert.equal(skipper.decide(), undefined);
  skipper.read([[[0.7, 0.2, 0.1], [0.5, 0.1, 0.4]]]);
  assert.deepEqual(skipper.decide(), [1]);
});

Deno.test("with `every: 0` the prompt alone decides", () => {
  const skipper = createSkipper({ below: 0.1, above: 0.1, every: 0 }, 2, PLACES, [1, 2]);
  skipper.read([token(0.5, 0), token(0.5, 0)]);
  assert.deepEqual(skipper.decide(), [2]);
  for (let i = 0; i < 50; i++) {
    skipper.read([token(0, 0.9)]);
    assert.equal(skipper.decide(), undefined);
  }
});

Deno.test("settings of skipping have defaults, and are checked", () => {
  assert.deepEqual(resolveSkipping({ below: 0.04 }), { below: 0.04, above: 0.06, every: 16 });
  assert.deepEqual(resolveSkipping({ below: 1 }), { below: 1, above: 1, every: 16 });
  assert.deepEqual(resolveSkipping({ below: 0, every: 0 }), { below: 0, above: 0, every: 0 });
  const wrong = [
    [{ below: -0.1 }, /skip\.below cannot be -0\.1: expected a gate from 0 to 1/],
    [{ below: NaN }, /skip\.below cannot be NaN/],
    [{ below: 0.2, above: 0.1 }, /skip\.above cannot be 0\.1: expected a gate from skip\.below, 0\.2, to 1/],
    [{ below: 0.2, above: 1.1 }, /skip\.above/],
    [{ below: 0.2, every: 1.5 }, /skip\.every cannot be 1\.5: expected a whole number of tokens/],
    [{ below: 0.2, every: -1 }, /skip\.every/],
  ] as const;
  for (const [settings, message] of wrong) {
    assert.throws(
      () => resolveSkipping(settings),
      (error) => error instanceof UserError && error.code === "generate.skip" && message.test(error.message),
    );
  }
  assert.throws(() => resolveSkipping({ below: 2 }, (name) => `--${name}`), /--below cannot be 2/);
});
