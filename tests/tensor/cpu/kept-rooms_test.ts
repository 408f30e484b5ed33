// Rooms that the CPU device keeps between operations, when memory runs out while one is made or grows: once the error is
// caught, results are right.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Block } from "../../../lib/tensor/cpu/machine/heap.ts";
import type { StitchbookCPU } from "../../../lib/tensor/cpu/mod.ts";
import { holdConstant, linear, linears, openDevice } from "../../../lib/tensor/mod.ts";
import { products } from "../../products.ts";

const MEBIBYTE = 1 << 20;
const EXHAUSTED = { code: "tensor.memory" };

const machine = () => (tf.backend() as StitchbookCPU).machine;

/** Takes all that is left, in blocks of 256 KiB. */
function fill(): Block[] {
  const blocks: Block[] = [];
  try {
    for (;;) blocks.push(machine().heap.allocate(MEBIBYTE / 4));
  } catch {
    return blocks;
  }
}

const freeSome = (blocks: Block[], count: number) => {
  for (const block of blocks.splice(0, count)) machine().heap.free(block);
};

const all = (x: tf.Tensor, value: number) => assert.ok((x.dataSync() as Float32Array).every((y) => y === value));

for (const one of products) {
  Deno.test(`a constant whose packing found no memory is not taken for packed [${one}]`, async () => {
    const device = await openDevice("cpu", { threads: 1, memoryLimit: 40 * MEBIBYTE, products: one });
    const [x, w, v] = [tf.ones([64, 256]), tf.ones([256, 256]), tf.ones([16384, 256])];
    linear(x, x).dispose();
    holdConstant(w);
    const blocks = fill();
    // Room for a first output, and more and more beyond: every allocation is the one that fails in its turn.
    for (;;) {
      try {
        tf.dispose(linears(x, [w, v]));
        break;
      } catch (error) {
        assert.equal((error as { code: string }).code, "tensor.memory");
      }
      if (blocks.length === 0) break; // as much as there is was not enough
      freeSome(blocks, 1);
    }
    tf.dispose(v);
    freeSome(blocks, blocks.length);
    all(linear(x, w), 256);
    await device.close();
  });

  Deno.test(`scratch room that cannot grow stays what it was [${one}]`, async () => {
    const device = await openDevice("cpu", { threads: 1, memoryLimit: 32 * MEBIBYTE, products: one });
    const [x, w] = [tf.ones([128, 256]), tf.ones([256, 256])];
    machine().finish();
    const blocks = fill();
    assert.throws(() => machine().reserveScratch(4 * MEBIBYTE), EXHAUSTED);
    freeSome(blocks, blocks.length);
    const others = Array.from({ length: 8 }, (_, i) => tf.fill([MEBIBYTE / 16], i));
    all(linear(x, w), 256);
    others.forEach((other, i) => all(other, i));
    await device.close();
  });
}

Deno.test("the room of what is staged stays what it was when it cannot grow", async () => {
  const device = await openDevice("cpu", { threads: 1, memoryLimit: 24 * MEBIBYTE });
  machine().finish();
  fill();
  assert.throws(() => machine().stage(new Int32Array(MEBIBYTE)), EXHAUSTED);
  const at = machine().stage(new Int32Array(512).fill(-1));
  assert.throws(() => machine().heap.allocate(MEBIBYTE / 4), EXHAUSTED);
  assert.ok(machine().view(Int32Array, at, 512).every((word) => word === -1));
  await device.close();
});
