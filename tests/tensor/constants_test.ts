// What is kept of matrices that never change: the same products, freed with them, and not too much.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { HEAP_BASE } from "../../lib/tensor/cpu/control-block.ts";
import { createConstants } from "../../lib/tensor/cpu/constants.ts";
import { createHeap } from "../../lib/tensor/cpu/heap.ts";
import { heapBytes, holdConstant, linear, openDevice } from "../../lib/tensor/mod.ts";
import { products } from "../products.ts";
import { normalValues } from "./support.ts";

const tensor = (shape: number[], seed: number) => tf.tensor([...normalValues(shape, seed).data], shape);

for (const one of products) {
  Deno.test(`products by a matrix that is held constant are the same bytes, time and again, and nothing of it stays [${one}]`, async () => {
    const device = await openDevice("cpu", { threads: 2, products: one });
    const used = () => heapBytes()!.used;
    const run = (x: tf.Tensor, w: tf.Tensor, v: tf.Tensor): Float32Array[] => {
      const gradient = tf.tidy(() => tf.grad((x) => tf.sum(tf.square(linear(x, w))))(x));
      const others = tf.tidy(() => [linear(x, w), linear(x, v), gradient].map((y) => y.dataSync() as Float32Array));
      gradient.dispose();
      return others;
    };
    const before = used();
    const [x, w, v] = [tensor([40, 33], 1), tensor([50, 33], 2), tensor([50, 33], 3)];
    const expected = run(x, w, v);
    holdConstant(w);
    for (let time = 0; time < 3; time++) assert.deepEqual(run(x, w, v), expected);
    tf.dispose([x, w, v]);
    assert.equal(used(), before);
    // Another matrix at the same place is not taken for it.
    const [y, u] = [tensor([40, 33], 4), tensor([50, 33], 5)];
    const fresh = run(y, u, u);
    holdConstant(u);
    assert.deepEqual(run(y, u, u), fresh);
    await device.close();
  });
}

Deno.test("what is kept has a limit, and what is freed makes room", () => {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 4096, shared: true });
  const constants = createConstants(createHeap(memory, HEAP_BASE));
  const of = (b: number) => ({ batch: 1, M: 1, N: 1, K: 1, a: 0, c: 0, b, transposeA: false, transposeB: false });
  assert.equal(constants.find(of(1), 64), undefined);
  for (const b of [1, 2, 3]) constants.hold(b);
  const [first, second] = [constants.find(of(1), 40 << 20), constants.find(of(2), 20 << 20)];
  assert.ok(first !== undefined && !first.isPacked && second !== undefined && !second.isPacked);
  assert.deepEqual(constants.find(of(1), 40 << 20), { address: first.address, isPacked: true });
  assert.equal(constants.find({ ...of(1), transposeB: true }, 40 << 20), undefined);
  assert.equal(constants.find(of(3), 20 << 20), undefined);
  constants.forget(1);
  assert.equal(constants.find(of(1), 64), undefined);
  assert.equal(constants.find(of(3), 20 << 20)?.isPacked, false);
});
