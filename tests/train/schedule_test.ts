// The learning rate over a phase.
import assert from "node:assert/strict";
import { learningRate } from "../../lib/train/schedule.ts";
import { trainConfigSchema } from "../../lib/train/config.ts";

const rates = (changes: Record<string, number>) => {
  const config = trainConfigSchema.parse({ lr: 0.01, ...changes });
  return Array.from({ length: config.steps }, (_, i) => learningRate(config, i + 1));
};
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);

Deno.test("`learningRate()` rises linearly to the peak at the last step of warm-up", () => {
  const all = rates({ steps: 100, warmup: 10 });
  for (let step = 1; step <= 10; step++) near(all[step - 1]!, 0.001 * step);
  assert.equal(Math.max(...all), all[9]);
  assert.ok(all[10]! < all[9]!);
});

Deno.test("`learningRate()` falls on a cosine to its floor at the last step", () => {
  for (const floor of [0, 0.01, 0.1, 1]) {
    const all = rates({ steps: 101, warmup: 1, floor });
    near(all[100]!, 0.01 * floor);
    near(all[50]!, 0.01 * (1 + floor) / 2); // half-way
    near(all[25]!, 0.01 * (floor + (1 - floor) * (1 + Math.SQRT1_2) / 2)); // a quarter of the way
    for (let i = 1; i < all.length; i++) assert.ok(all[i]! <= all[i - 1]!);
  }
});

Deno.test("`learningRate()` needs no warm-up: the cosine starts at once", () => {
  const all = rates({ steps: 50, warmup: 0 });
  assert.ok(all[0]! > 0.0099 && all[0]! < 0.01);
  near(all[49]!, 0.001);
});

Deno.test("`learningRate()` still reaches the peak when warm-up is as long as the phase, or longer", () => {
  for (const warmup of [20, 21, 1000]) {
    const all = rates({ steps: 20, warmup });
    near(all[0]!, 0.0005);
    near(all[19]!, 0.01);
  }
});

Deno.test("`learningRate()` is finite and positive for every shape of phase", () => {
  for (const steps of [1, 2, 3, 10]) {
    for (const warmup of [0, 1, 2, 10]) {
      for (const rate of rates({ steps, warmup })) assert.ok(rate > 0 && rate <= 0.01 + 1e-12, `${steps}, ${warmup}`);
    }
  }
});
