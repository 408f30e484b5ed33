// Packed forms of constant matrices: they give the same products, are freed with their matrices, and have a limit.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { HEAP_BASE } from "../../../../lib/tensor/cpu/layout/memory.ts";
import { createConstants } from "../../../../lib/tensor/cpu/machine/constant-matrices.ts";
import { createHeap } from "../../../../lib/tensor/cpu/machine/heap.ts";
import { heapBytes, holdConstant, linear, openDevice } from "../../../../lib/tensor/mod.ts";
import { products } from "../../../products.ts";
import { normalValues } from "../../support.ts";

function tensor(shape: number[], seed: number, infinite = false): tf.Tensor {
  const { data } = normalValues(shape, seed);
  if (infinite) data[shape[1]! + 7] = Infinity;
  return tf.tensor([...data], shape);
}

/** Rows, columns and inner size, below and above where AMX takes products, and whether there is an infinity. */
const cases = [[40, 50, 33, false], [70, 100, 96, false], [70, 100, 96, true]] as const;

for (const one of products) {
  for (const [M, N, K, infinite] of cases) {
    const size = `${M}×${N}×${K}${infinite ? " with an infinity" : ""}`;
    Deno.test(`products by a constant matrix have the same bytes every time, and its packed form is freed with it [${one}, ${size}]`, async () => {
      const device = await openDevice("cpu", { threads: 2, products: one });
      const used = () => heapBytes()!.used;
      const run = (x: tf.Tensor, w: tf.Tensor, v: tf.Tensor): Float32Array[] => {
        const gradient = tf.tidy(() => tf.grad((x) => tf.sum(tf.square(linear(x, w))))(x));
        const others = tf.tidy(() => [linear(x, w), linear(x, v), gradient].map((y) => y.dataSync() as Float32Array));
        gradient.dispose();
        return others;
      };
      const inputs = () => [tensor([M, K], 1), tensor([N, K], 2, infinite), tensor([N, K], 3)] as const;
      const first = inputs();
      const expected = run(...first);
      tf.dispose([...first]);
      const before = used(); // with scratch memory
      const [x, w, v] = inputs();
      assert.deepEqual(run(x, w, v), expected);
      holdConstant(w);
      for (let time = 0; time < 3; time++) assert.deepEqual(run(x, w, v), expected);
      tf.dispose([x, w, v]);
      assert.equal(used(), before);
      // Another matrix at the same address is not mistaken for it.
      const [y, u] = [tensor([M, K], 4), tensor([N, K], 5)];
      const fresh = run(y, u, u);
      holdConstant(u);
      assert.deepEqual(run(y, u, u), fresh);
      await device.close();
    });
  }
}

Deno.test("packed forms have a limit, and freeing some allows others", () => {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 4096, shared: true });
  const constants = createConstants(createHeap(memory, HEAP_BASE));
  const of = (b: number) => ({ batch: 1, M: 1, N: 1, K: 1, a: 0, c: 0, b, transposeA: false, transposeB: false });
  assert.equal(constants.find(of(1), "panels", 64), undefined);
  for (const b of [1, 2, 3]) constants.hold(b);
  const [first, second] = [constants.find(of(1), "panels", 40 << 20), constants.find(of(2), "panels", 20 << 20)];
  assert.ok(first !== undefined && !first.isPacked && second !== undefined && !second.isPacked);
  assert.equal(constants.find(of(1), "panels", 40 << 20), first);
  assert.equal(constants.find({ ...of(1), transposeB: true }, "panels", 40 << 20), undefined);
  assert.equal(constants.find(of(1), "strips", 40 << 20), undefined);
  assert.equal(constants.find(of(3), "panels", 20 << 20), undefined);
  constants.forget(1);
  assert.equal(constants.find(of(1), "panels", 64), undefined);
  assert.equal(constants.find(of(3), "panels", 20 << 20)?.isPacked, false);
});
