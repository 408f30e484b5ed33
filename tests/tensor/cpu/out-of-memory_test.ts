// Running out of memory anywhere in a training step leaves everything as it was, so that a smaller batch can follow.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../../lib/errors.ts";
import {
  adamW,
  type AdamWSlot,
  addLinear,
  causalAttention,
  crossEntropy,
  dropout,
  embedding,
  expertsIntoHub,
  globalNorm,
  heapBytes,
  hubIntoExpert,
  linear,
  linears,
  meanLinearCrossEntropy,
  normBranch,
  openDevice,
  packHalf,
  type Products,
  recompute,
  rmsNorm,
  rope,
  ropeFrequencies,
  ropeTable,
  swiglu,
  variableGradients,
} from "../../../lib/tensor/mod.ts";
import type { StitchbookCPU } from "../../../lib/tensor/cpu/mod.ts";
import { products } from "../../products.ts";
import { intValues, normalValues } from "../support.ts";

type T1 = tf.Tensor1D;
type T2 = tf.Tensor2D;
type T4 = tf.Tensor4D;

const MIB = 1 << 20;
/** Large enough for every kind of product. */
const [B, T, D, INNER, VOCAB] = [2, 48, 64, 80, 96] as const;

async function withCpu(options: { products: Products; memoryLimit?: number }, f: () => void): Promise<void> {
  const device = await openDevice("cpu", { threads: 2, ...options });
  tf.engine().startScope();
  try {
    f();
  } finally {
    tf.engine().endScope();
    tf.disposeVariables();
    await device.close();
  }
}

interface Held {
  readonly tensors: number;
  readonly data: number;
  readonly bytes: number;
}

const held = (): Held => ({
  tensors: tf.memory().numTensors,
  data: tf.memory().numDataBuffers,
  bytes: heapBytes()!.used,
});

/**
 * Makes each allocation of `f` fail in turn, and checks that tensors and bytes are the same as before.
 *
 * @param prepare runs before each time
 * @param check runs after each failure
 * @returns how many allocations there are
 */
function failEverywhere(f: () => void, prepare = () => {}, check: (failed: string) => void = () => {}): number {
  const { heap } = (tf.backend() as StitchbookCPU).machine as { heap: { allocate(bytes: number): unknown } };
  const { allocate } = heap;
  let before = held();
  const run = (at: number): number => {
    prepare();
    before = held();
    let count = 0;
    heap.allocate = (bytes) => {
      if (count++ === at) throw new UserError("tensor.memory", "Cannot allocate");
      return allocate(bytes);
    };
    try {
      f();
    } finally {
      heap.allocate = allocate;
    }
    return count;
  };
  const count = run(-1);
  for (let at = 0; at < count; at++) {
    let failed = "";
    assert.throws(() => run(at), (error) => {
      failed = `allocation ${at}: ${(error as Error).message}`;
      return error instanceof UserError && error.code === "tensor.memory";
    });
    assert.deepEqual(held(), before, failed);
    check(failed);
  }
  return count;
}

const normal = (shape: number[], seed: number, scale = 0.1) => tf.tensor(normalValues(shape, seed, scale).data, shape);
const variable = (shape: number[], seed: number) => tf.tidy(() => tf.variable(normal(shape, seed)));

/** A network of most operations, its loss, and a training step. */
function network() {
  const [table, norm, branch] = [variable([VOCAB, D], 1), variable([D], 2), variable([D], 3)];
  const qkv = [4, 5, 6].map((seed) => variable([D, D], seed));
  const [out, gate, up] = [variable([D, D], 7), variable([INNER, D], 8), variable([INNER, D], 9)];
  const [down, mix] = [variable([D, INNER], 10), variable([3 * D, D], 11)];
  const frozen = tf.tensor(packHalf(normalValues([D, D], 12, 0.1).data as Float32Array, "w"), [D, D / 2], "int32");
  const parameters = [table, norm, branch, ...qkv, out, gate, up, down, mix];
  const slots = parameters.map((parameter): AdamWSlot => ({
    parameter,
    m: tf.tidy(() => tf.variable(tf.zeros(parameter.shape))),
    v: tf.tidy(() => tf.variable(tf.zeros(parameter.shape))),
    decay: 0.1,
  }));

  const layer = (x: tf.Tensor): tf.Tensor => {
    const [normed, stream] = normBranch(x, branch, 1e-5);
    const [q, k, v] = linears(normed, qkv).map((y) => y.reshape([B, T, 4, D / 4]) as T4) as [T4, T4, T4];
    const angles = ropeTable(T, ropeFrequencies(D / 4, 1e4));
    const mixed = causalAttention(rope(q, angles), rope(k, angles), v);
    const h = addLinear(stream, mixed.reshape([B, T, D]), out);
    const [a, b] = linears(h, [gate, up]) as [tf.Tensor, tf.Tensor];
    return addLinear(h, swiglu(a, b), down);
  };
  const loss = (): tf.Scalar => {
    const ids = tf.tensor(intValues([B * T], 20, 0, VOCAB).data, [B, T], "int32");
    const x = embedding(table as T2, ids);
    const h = layer(recompute(layer, x, [branch, ...qkv, out, gate, up, down], [])).reshape([B * T, D]) as T2;
    const experts = [linear(h, out), linear(h, frozen)] as T2[];
    const hub = expertsIntoHub(h, experts, linear(h, mix) as T2);
    const stream = dropout(hubIntoExpert(hub, experts[0]!, experts[1]!), 0.1, 7);
    return meanLinearCrossEntropy(rmsNorm(stream, norm, 1e-5) as T2, table as T2, ids.reshape([-1]) as T1);
  };
  const settings = { learningRate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1, clipUpdate: 1, step: 1 };
  const step = (): void =>
    tf.tidy(() => {
      const { gradients } = variableGradients(loss, parameters);
      globalNorm(gradients);
      const y = crossEntropy(linear(normal([3, D], 13), table) as T2, tf.tensor1d([1, 2, 3], "int32"));
      assert.ok(Number.isFinite(tf.sum(y).dataSync()[0]));
      adamW(slots, gradients, settings);
    });
  return { parameters, slots, loss, step };
}

const values = (tensors: readonly tf.Tensor[]) => tensors.map((x) => x.dataSync());

for (const one of products.filter((one) => one !== "blas")) { // a BLAS needs no memory but the output's
  Deno.test(`an operation that runs out of memory holds none afterwards, however often [${one}]`, async () => {
    await withCpu({ products: one, memoryLimit: 44 * MIB }, () => {
      const [x, w] = [tf.ones([1024, 1024]), tf.ones([4096, 1024])];
      linear(x, tf.ones([64, 1024])).dispose();
      linear(tf.ones([64, 1024]), w.slice([0, 0], [64, 1024])).dispose();
      tf.dispose(tf.addN([w, w])); // w is in the memory now
      const before = held();
      for (let time = 0; time < 3; time++) {
        // With x transposed, every kind of kernel packs w beside the output.
        const run = () => tf.matMul(x, w, true, true);
        assert.throws(run, (error) => error instanceof UserError && error.code === "tensor.memory");
        assert.deepEqual(held(), before);
      }
      assert.equal(linear(tf.ones([64, 1024]), w).dataSync()[0], 1024);
    });
  });
}

for (const one of products) {
  Deno.test(`running out of memory anywhere in a forward pass leaves everything as it was [${one}]`, async () => {
    await withCpu({ products: one }, () => {
      const { loss } = network();
      const value = () => tf.tidy(() => loss().dataSync()[0]);
      const right = value();
      const count = failEverywhere(value);
      assert.ok(count > 40, String(count));
      assert.equal(value(), right);
    });
  });

  Deno.test(`running out of memory anywhere in a backward pass leaves everything as it was [${one}]`, async () => {
    await withCpu({ products: one }, () => {
      const { loss, parameters } = network();
      const run = () =>
        tf.tidy(() => {
          const { value, gradients } = variableGradients(loss, parameters);
          return values([value, ...gradients]);
        });
      const right = run();
      const before = held();
      const count = failEverywhere(run);
      assert.ok(count > 100, String(count));
      assert.deepEqual(run(), right);
      assert.deepEqual(held(), before);
    });
  });

  Deno.test(`running out of memory anywhere in a training step changes nothing, and the next one is right [${one}]`, async () => {
    await withCpu({ products: one }, () => {
      const { slots, step } = network();
      const all = slots.flatMap(({ parameter, m, v }) => [parameter, m, v]);
      step();
      const start = values(all);
      const prepare = () => {
        if (!areValues(all, start)) all.forEach((x, i) => tf.tidy(() => x.assign(tf.tensor(start[i]!, x.shape))));
        globalNorm(all).dispose(); // they are in the memory now
      };
      prepare();
      step();
      const right = values(all);
      failEverywhere(step, prepare, (failed) => assert.ok(areValues(all, start), failed));
      prepare();
      step();
      assert.ok(areValues(all, right));
    });
  });
}

function areValues(tensors: readonly tf.Tensor[], wanted: readonly ArrayLike<number>[]): boolean {
  return tensors.every((x, i) => {
    const own = x.dataSync();
    return own.every((value, j) => Object.is(value, wanted[i]![j]));
  });
}
