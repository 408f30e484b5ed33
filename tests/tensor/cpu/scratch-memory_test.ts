// Scratch memory, staged words and packed constants when memory runs out while one of them is made or grows: results are
// right once the error is caught. And no operation writes past its scratch memory.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Block } from "../../../lib/tensor/cpu/machine/heap.ts";
import type { StitchbookCPU } from "../../../lib/tensor/cpu/mod.ts";
import { SCRATCH } from "../../../lib/tensor/cpu/layout/memory.ts";
import { causalAttention, crossEntropy, holdConstant, linear, linears, openDevice } from "../../../lib/tensor/mod.ts";
import { products } from "../../products.ts";
import { normalValues } from "../support.ts";

const MEBIBYTE = 1 << 20;
const EXHAUSTED = { code: "tensor.memory" };

const machine = () => (tf.backend() as StitchbookCPU).machine;

/** Allocates all that is left, in blocks of 256 KiB. */
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
  Deno.test(`a constant matrix whose packing found no memory does not count as packed [${one}]`, async () => {
    const device = await openDevice("cpu", { threads: 1, memoryLimit: 40 * MEBIBYTE, products: one });
    const [x, w, v] = [tf.ones([64, 256]), tf.ones([256, 256]), tf.ones([16384, 256])];
    linear(x, x).dispose();
    holdConstant(w);
    const blocks = fill();
    // Memory for a first output, then more and more: each allocation fails in turn.
    for (;;) {
      try {
        tf.dispose(linears(x, [w, v]));
        break;
      } catch (error) {
        assert.equal((error as { code: string }).code, "tensor.memory");
      }
      if (blocks.length === 0) break; // even all of it was not enough
      freeSome(blocks, 1);
    }
    tf.dispose(v);
    freeSome(blocks, blocks.length);
    all(linear(x, w), 256);
    await device.close();
  });

  Deno.test(`scratch memory that cannot grow stays as it was [${one}]`, async () => {
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

Deno.test("memory for staged words that cannot grow stays as it was", async () => {
  const device = await openDevice("cpu", { threads: 1, memoryLimit: 24 * MEBIBYTE });
  machine().finish();
  fill();
  assert.throws(() => machine().stage(new Int32Array(MEBIBYTE)), EXHAUSTED);
  const at = machine().stage(new Int32Array(512).fill(-1));
  assert.throws(() => machine().heap.allocate(MEBIBYTE / 4), EXHAUSTED);
  assert.ok(machine().view(Int32Array, at, 512).every((word) => word === -1));
  await device.close();
});

/** Runs an operation on one thread, and checks that it writes nothing behind the scratch memory that it reserves. */
function checkScratch(name: string, run: () => void): void {
  const owner = machine() as { reserveScratch: (bytes: number) => void };
  const { reserveScratch } = owner;
  let most = 0;
  owner.reserveScratch = (bytes) => {
    most = Math.max(most, bytes);
    reserveScratch(bytes + MEBIBYTE / 16);
  };
  try {
    run();
    const [address, stride] = machine().view(Uint32Array, SCRATCH, 2);
    const behind = () => machine().view(Uint8Array, address! + most, stride! - most);
    behind().fill(0x5a);
    run();
    const changed = behind().findLastIndex((byte) => byte !== 0x5a);
    assert.equal(changed, -1, `${name} writes ${changed + 1} bytes past its ${most} bytes of scratch memory`);
  } finally {
    owner.reserveScratch = reserveScratch;
  }
}

for (const one of products) {
  Deno.test(`no operation writes past the scratch memory that it reserves [${one}]`, async () => {
    const device = await openDevice("cpu", { threads: 1, products: one });
    const values = (...shape: number[]) => tf.tensor(normalValues(shape, shape.length).data, shape);
    for (const [T, D] of [[1, 1], [13, 5], [16, 8], [47, 12], [48, 32], [97, 33], [200, 64]] as const) {
      const [q, k] = [values(1, T, 2, D), values(1, T, 1, D)] as [tf.Tensor4D, tf.Tensor4D];
      checkScratch(`attention of ${T} queries of ${D}`, () => causalAttention(q, k, k).dispose());
      checkScratch(`the gradient of attention of ${T} queries of ${D}`, () => {
        tf.dispose(
          tf.tidy(() =>
            tf.grads((q, k) => causalAttention(q as tf.Tensor4D, k as tf.Tensor4D, k as tf.Tensor4D))([q, k])
          ),
        );
      });
    }
    for (const [M, K, N] of [[1, 7, 3], [17, 33, 65], [100, 400, 64], [130, 700, 96]] as const) {
      const [x, w] = [values(M, K), values(N, K)];
      checkScratch(`a product ${M}×${K}×${N}`, () => linear(x, w).dispose());
      checkScratch(`the gradients of a product ${M}×${K}×${N}`, () => {
        tf.dispose(tf.tidy(() => tf.grads((x, w) => linear(x, w))([x, w])));
      });
    }
    for (const vocab of [3, 255, 256, 1001]) {
      const [logits, targets] = [values(5, vocab) as tf.Tensor2D, tf.tensor1d([0, 1, 2, -1, 1], "int32")];
      checkScratch(`cross-entropy of ${vocab} logits`, () => {
        tf.dispose(tf.tidy(() => tf.grad((x) => crossEntropy(x as tf.Tensor2D, targets))(logits)));
      });
    }
    await device.close();
  });
}
