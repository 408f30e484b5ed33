// Llama 3's divisors of frequencies give back the numbers that they were computed from.
import assert from "node:assert/strict";
import { llama3Multipliers, type Llama3Rope, llama3Rope } from "../../lib/gguf/rope-factors.ts";
import { scaledFrequencies } from "../../lib/model/rope-scaling.ts";

const rope = (factor: number, originalContext = 8192, highFrequency = 4): Llama3Rope => ({
  type: "llama3",
  factor,
  originalContext,
  lowFrequency: 1,
  highFrequency,
});

/** Head size, base and scaling of real models, and of odd ones. */
const ROPES: Readonly<Record<string, readonly [headSize: number, theta: number, rope: Llama3Rope]>> = {
  "Llama 3.1 8B": [128, 500_000, rope(8)],
  "Llama 3.2 1B": [64, 500_000, rope(32)],
  "another context": [128, 500_000, rope(16, 4096)],
  "other bounds": [128, 10_000, rope(4, 2048, 8)],
};

for (const [name, [headSize, theta, scaling]] of Object.entries(ROPES)) {
  Deno.test(`the divisors of ${name} give its scaling`, () => {
    const divisors = Float32Array.from(llama3Multipliers(scaling, headSize, theta), (multiplier) => 1 / multiplier);
    assert.ok(new Set(divisors).size > 3);
    assert.deepEqual(llama3Rope(divisors, headSize, theta), scaling);
  });
}

Deno.test("multipliers are those by which the decoder scales its frequencies", () => {
  for (const [headSize, theta, scaling] of Object.values(ROPES)) {
    const scaled = scaledFrequencies({ headSize, ropeTheta: theta, ropeScaling: scaling }, 1).frequencies;
    const plain = scaledFrequencies({ headSize, ropeTheta: theta }, 1).frequencies;
    for (const [i, multiplier] of llama3Multipliers(scaling, headSize, theta).entries()) {
      assert.ok(Math.abs(scaled[i]! / plain[i]! - multiplier) < 1e-12);
    }
  }
});

Deno.test("divisors that Llama 3's formula does not give are refused", () => {
  const good = Float32Array.from(llama3Multipliers(rope(8), 128, 500_000), (multiplier) => 1 / multiplier);
  const changes: readonly Float32Array[] = [
    good.with(30, good[30]! * 1.01),
    good.with(0, 2),
    good.with(63, 7.9),
    good.with(63, NaN),
    good.with(10, Infinity),
    good.with(10, 0),
    good.toReversed(),
    good.map((divisor) => 1 / divisor),
    good.subarray(1),
    good.map(() => 8),
  ];
  for (const [i, changed] of changes.entries()) {
    assert.equal(llama3Rope(changed, 128, 500_000), undefined, `change ${i}`);
  }
});
