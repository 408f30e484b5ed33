// Importance of settings: what a strong, a weak and no effect look like, and that chance is told from them.
import assert from "node:assert/strict";
import { random } from "../../../lib/random.ts";
import { importanceOf } from "../../../lib/run/view/importance.ts";

const grid = (value: (a: number, b: number, seed: number) => number) =>
  [1, 2, 3].flatMap((a) => [1, 2, 3].flatMap((b) => [1, 2].map((seed) => ({ a, b, seed })))).map(({ a, b, seed }) => ({
    settings: { a: String(a), b: String(b), same: "x" },
    seed,
    value: value(a, b, seed),
  }));

Deno.test("shares of a balanced grid add up, and settings that do not vary are left out", () => {
  const found = importanceOf(["a", "b", "same"], grid((a, b, seed) => 10 * a - b + seed / 10));
  assert.deepEqual(found.map(({ setting }) => setting), ["a", "b", "seed"]);
  const sum = found.reduce((total, { share }) => total + share, 0);
  assert.ok(Math.abs(sum - 1) < 1e-12, `${sum}`);
  const [a, b] = found;
  assert.ok(Math.abs(a!.share / b!.share - 100) < 1e-9, "variances are as the squares of the effects");
  assert.ok(a!.share > a!.chance);
  assert.ok(a!.correlation! > 0.9 && b!.correlation! < 0);
});

Deno.test("an interaction without main effects is not seen", () => {
  const found = importanceOf(["a", "b"], grid((a, b) => (a + b) % 3));
  for (const { share, chance } of found) assert.ok(share < 1e-12 && chance > 0);
});

Deno.test("settings without an effect stay below chance in about 95 of 100 cases, also with many values", () => {
  const from = random(3, "noise");
  let above = 0;
  for (let trial = 0; trial < 60; trial++) {
    const trials = Array.from(
      { length: 24 },
      () => ({ settings: { lr: String(from.float()) }, seed: 1, value: from.normal() }),
    );
    const [lr] = importanceOf(["lr"], trials);
    assert.equal(lr!.groups, 4);
    if (lr!.share > lr!.chance) above++;
  }
  assert.ok(above <= 9, `${above} of 60`);
});

Deno.test("words have no correlation, and too little to go on gives nothing", () => {
  const trials = ["tanh", "relu", "relu", "tanh"].map((f, i) => ({
    settings: { f },
    seed: 1,
    value: i === 0 || i === 3 ? 1 : 2,
  }));
  assert.deepEqual(importanceOf(["f"], trials).map(({ share, correlation }) => [share, correlation]), [[1, null]]);
  assert.deepEqual(importanceOf(["f"], trials.slice(0, 2)), []);
  assert.deepEqual(importanceOf(["f"], trials.map((one) => ({ ...one, value: 1 }))), []);
});
