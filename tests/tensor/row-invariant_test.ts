// A row of a product has the same bits whatever rows are beside it.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { addLinear, linear, linears, openDevice, PRODUCTS, rowInvariant } from "../../lib/tensor/mod.ts";
import { nativeLevels } from "../../lib/tensor/cpu/mod.ts";
import { normalValues } from "./support.ts";

Deno.test({
  name: "products in `rowInvariant()` have the same bits for 1 to 130 rows, with any kernels",
  sanitizeResources: false,
  fn: async () => {
    const levels = await nativeLevels();
    for (const products of PRODUCTS.filter((one) => one === "wasm" || levels.some((level) => level === one))) {
      const device = await openDevice("cpu", { products, threads: 2 });
      try {
        tf.tidy(() => {
          const normal = (shape: [number, number], seed: number) => tf.tensor2d(normalValues(shape, seed).data, shape);
          const [x, w, h] = [normal([130, 400], 1), normal([70, 400], 2), normal([130, 70], 3)];
          const values = (rows: number) => {
            const some = tf.slice(x, [0, 0], [rows, 400]);
            const made = rowInvariant(() => [
              linear(some, w),
              linears(some, [w, w])[1]!,
              addLinear(tf.slice(h, [0, 0], [rows, 70]), some, w),
              tf.matMul(some, w, false, true),
            ]);
            return made.map((y) => y.dataSync() as Float32Array);
          };
          const all = values(130);
          for (const rows of [1, 2, 4, 5, 13, 64, 65]) {
            values(rows).forEach((y, i) =>
              assert.deepEqual(y, all[i]!.slice(0, 70 * rows), `${products}, ${rows} rows, operation ${i}`)
            );
          }
        });
      } finally {
        await device.close();
      }
    }
  },
});
