// Products whose operands end where the memory ends: nothing is read beyond, not even zero bytes.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { StitchbookCPU } from "../../../lib/tensor/cpu/mod.ts";
import { openDevice } from "../../../lib/tensor/mod.ts";
import { products } from "../../products.ts";

/** Tensors of whole pages, which lie side by side. 72 columns end in the first half of a strip of AMX. */
const [ROWS, COLUMNS] = [4096, 72];
const BYTES = 4 * ROWS * COLUMNS;
const LARGE = 1 << 20;

for (const one of products) {
  Deno.test(`products of operands at the end of the memory [${one}]`, async () => {
    const device = await openDevice("cpu", { threads: 1, products: one });
    const backend = tf.backend() as StitchbookCPU;
    const end = backend.machine.heap.reservedBytes();
    try {
      const other = tf.ones([ROWS, COLUMNS]);

      const gap = (end - backend.address(other) - BYTES) % BYTES;
      const make = (...shape: number[]) => {
        const x = tf.ones(shape);
        return { x, reached: backend.address(x) + 4 * x.size };
      };
      make((gap < LARGE ? gap + BYTES : gap) / 4);
      const made = [make(ROWS, COLUMNS)];
      while (made.at(-1)!.reached < end) made.push(make(ROWS, COLUMNS));
      const { x, reached } = made.at(-1)!;
      assert.equal(reached, end);
      for (const { x } of made.slice(0, 4)) x.dispose(); // memory for packing
      for (const [a, b] of [[x, other], [other, x]] as const) {
        assert.ok((tf.matMul(a, b, true).dataSync() as Float32Array).every((value) => value === ROWS));
      }
      assert.equal(backend.machine.heap.reservedBytes(), end);
    } finally {
      await device.close();
    }
  });
}
