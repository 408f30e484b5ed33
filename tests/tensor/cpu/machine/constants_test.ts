// What is kept of matrices that never change: the same products, freed with them, and not too much.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { HEAP_BASE } from "../../../../lib/tensor/cpu/machine/control-block.ts";
import { createConstants } from "../../../../lib/tensor/cpu/machine/constants.ts";
import { createHeap } from "../../../../lib/tensor/cpu/machine/heap.ts";
import { heapBytes, holdConstant, linear, openDevice } from "../../../../lib/tensor/mod.ts";
import { products } from "../../../products.ts";
import { normalValues } from "../../support.ts";

function tensor(shape: number[], seed: number, infinite = false): tf.Tensor {
  const { data } = normalValues(shape, seed);
  if (infinite) data[shape[1]! + 7] = Infinity;
  return tf.tensor([...data], shape);
}

/** Rows, columns and inner size, below and above where AMX takes products; and of these some with an infinity. */
const cases = [[40, 50, 33, false], [70, 100, 96, false], [70, 100, 96, true]] as const;

for (const one of products) {
  for (const [M, N, K, infinite] of cases) {
    const size = `${M}×${N}×${K}${infinite ? " with an infinity" : ""}`;
    Deno.test(`products by a matrix that is held constant are the same bytes, time and again, and nothing of it stays [${one}, ${size}]`, async () => {
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
      const before = used(); // with scratch room
      const [x, w, v] = inputs();
      assert.deepEqual(run(x, w, v), expected);
      holdConstant(w);
      for (let time = 0; time < 3; time++) assert.deepEqual(run(x, w, v), expected);
      tf.dispose([x, w, v]);
      assert.equal(used(), before);
      // Another matrix at the same place is not taken for it.
      const [y, u] = [tensor([M, K], 4), tensor([N, K], 5)];
      const fresh = run(y, u, u);
      holdConstant(u);
      assert.deepEqual(run(y, u, u), fresh);
      await device.close();
    });
  }
}

Deno.test("what is kept has a limit, and what is freed makes room", () => {
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
