// Every fused operation on the CPU backend: values and gradients against the reference, with 1 to 3 threads.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openDevice, type Products } from "../../../lib/tensor/mod.ts";
import { products } from "../../products.ts";
import { cases } from "../cases.ts";
import { distance, evaluate, poison } from "../support.ts";

let expected: Promise<Float32Array[][]> | undefined;
/** Values and gradients of every case by the reference, which is slow and computes them once. */
function fromReference(): Promise<Float32Array[][]> {
  return expected ??= openDevice("reference").then(async (device) => {
    const results = cases.map(({ inputs, trained, reference }) => evaluate(inputs, trained, reference));
    await device.close();
    return results;
  });
}

/** Runs every case with 1 to 3 threads, against the reference and against the first number of threads. */
async function compare(t: Deno.TestContext, one: Products): Promise<void> {
  const expected = await fromReference();
  const first: Float32Array[][] = [];
  for (const threads of [1, 2, 3]) {
    const device = await openDevice("cpu", { threads, products: one });
    assert.equal(tf.getBackend(), "stitchbook-cpu");
    assert.equal(device.threads, threads);
    assert.equal(/products by /.test(device.description), one !== "wasm");
    assert.equal(/ \+ /.test(device.numerics), one !== "wasm");
    for (const [i, { name, inputs, trained, ours }] of cases.entries()) {
      await t.step(`${name}, ${threads} threads`, () => {
        poison();
        const results = evaluate(inputs, trained, ours);
        for (const [j, result] of results.entries()) {
          const error = distance(result, expected[i]![j]!);
          assert.ok(error < 2e-6, `${j === 0 ? "value" : `gradient ${j}`} is off by ${error}`);
          if (threads > 1) assert.deepEqual(result, first[i]![j]!, "bytes depend on the number of threads");
        }
        first[i] ??= results;
      });
    }
    await device.close();
  }
}

for (const one of products) {
  Deno.test({
    name: `every operation and gradient with products by ${one} equals the reference, for any number of threads`,
    fn: (t) => compare(t, one),
    sanitizeResources: one === "wasm",
  });
}
