// Gradients on the CPU backend against finite differences along a random direction.
import assert from "node:assert/strict";
import { openDevice } from "../../lib/tensor/mod.ts";
import { cases } from "./cases.ts";
import { evaluate, normalValues, type Values } from "./support.ts";

const STEP = 1 / 32;

/** `Σ y ∘ weights`, the sum in float64. */
function objective(value: Float32Array): number {
  const weights = normalValues([value.length], 99).data;
  let sum = 0;
  for (let i = 0; i < value.length; i++) sum += value[i]! * weights[i]!;
  return sum;
}

function moved({ data, shape }: Values, direction: Float32Array, step: number): Values {
  return { data: Float32Array.from(data, (x, i) => x + step * direction[i]!), shape };
}

Deno.test("every gradient on the CPU backend is the slope of the value", async (t) => {
  const device = await openDevice("cpu", { threads: 2 });
  for (const { name, inputs, trained, ours } of cases) {
    if (trained.length === 0) continue;
    await t.step(name, () => {
      const gradients = evaluate(inputs, trained, ours).slice(1);
      trained.forEach((index, i) => {
        const input = inputs[index]!;
        const direction = normalValues([input.data.length], 77 + i, 1 / Math.sqrt(input.data.length))
          .data as Float32Array;
        const at = (step: number) => {
          const all = inputs.map((values, j) => j === index ? moved(values, direction, step) : values);
          return objective(evaluate(all, [], ours)[0]!);
        };
        const slope = (at(STEP) - at(-STEP)) / (2 * STEP);
        let expected = 0;
        let size = 0;
        gradients[i]!.forEach((g, j) => {
          expected += g * direction[j]!;
          size += g * g;
        });
        // relative to the gradient's length, so that a direction across it does not ask too much
        const scale = Math.sqrt(size / input.data.length) + Math.abs(expected) + 0.05;
        assert.ok(Math.abs(slope - expected) < 0.02 * scale, `input ${index}: slope ${slope}, gradient ${expected}`);
      });
    });
  }
  await device.close();
});
