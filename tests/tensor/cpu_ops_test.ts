// Every fused operation on the CPU backend: values and gradients against the reference, with 1 to 3 threads.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openDevice } from "../../lib/tensor/mod.ts";
import type { StitchbookCPU } from "../../lib/tensor/cpu/mod.ts";
import { optionalTest } from "../optional.ts";
import { cases } from "./cases.ts";
import { distance, evaluate } from "./support.ts";

/** Fills what is free with NaN, so that a kernel that reads what nobody wrote is found out. */
function poison(): void {
  (tf.backend() as StitchbookCPU).machine.heap.poison(NaN);
}

/** Runs every case with 1 to 3 threads, against the reference and against the first number of threads. */
async function compare(t: Deno.TestContext, blas: boolean): Promise<void> {
  await (await openDevice("reference")).close();
  const expected = cases.map(({ inputs, trained, reference }) => evaluate(inputs, trained, reference));
  const first: Float32Array[][] = [];
  for (const threads of [1, 2, 3]) {
    const device = await openDevice("cpu", { threads, blas });
    assert.equal(tf.getBackend(), "stitchbook-cpu");
    assert.equal(device.threads, threads);
    assert.equal(/products by /.test(device.description), blas);
    assert.equal(/ \+ /.test(device.numerics), blas);
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

Deno.test("every operation and gradient on the CPU backend equals the reference, whatever the threads", (t) => {
  return compare(t, false);
});

optionalTest(
  "blas",
  "every operation and gradient with the system's BLAS equals the reference, whatever the threads",
  (t) => {
    return compare(t, true);
  },
  { sanitizeResources: false },
);
