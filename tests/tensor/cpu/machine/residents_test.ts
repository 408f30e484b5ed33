// Tensors that do not fit into the shared memory together: they are moved out and back, and nothing else changes.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  headLoss,
  hiddenStates,
  type HostWeights,
  initialWeights,
  modelConfigSchema,
  toVariables,
} from "../../../../lib/model/mod.ts";
import { random } from "../../../../lib/random.ts";
import {
  adamW,
  type AdamWSlot,
  type DeviceOptions,
  globalNorm,
  heapBytes,
  holdConstant,
  linear,
  openDevice,
  variableGradients,
} from "../../../../lib/tensor/mod.ts";
import type { StitchbookCPU } from "../../../../lib/tensor/cpu/mod.ts";
import { products } from "../../../products.ts";

const MIB = 1 << 20;
const ignore = Deno.build.os !== "linux";

async function onCpu<T>(options: DeviceOptions, f: () => T): Promise<T> {
  const device = await openDevice("cpu", { threads: 2, ...options });
  tf.engine().startScope();
  try {
    return f();
  } finally {
    tf.engine().endScope();
    tf.disposeVariables();
    await device.close();
  }
}

Deno.test({
  name: "tensors beyond the window keep their values, in whatever order they are made, used and disposed",
  ignore,
  async fn() {
    const seed = Date.now() % 1e6;
    console.log(`seed ${seed}`);
    const chance = random(seed, "residents");
    await onCpu({ windowLimit: 24 * MIB }, () => {
      const { heap, finish } = (tf.backend() as StitchbookCPU).machine;
      const before = heapBytes()!.used;
      const held: { x: tf.Tensor; value: number }[] = [];
      const check = (one: typeof held[number]) => {
        const values = one.x.dataSync();
        for (let i = 0; i < values.length; i += 509) assert.equal(values[i], one.value);
        assert.equal(values.at(-1), one.value);
      };
      let most = 0;
      for (let i = 0; i < 400; i++) {
        const at = chance.int(Math.max(1, held.length));
        const action = chance.int(held.length < 40 ? 4 : 6);
        const size = i % 4 === 0 ? 100 + chance.int(MIB / 16) : MIB / 4 + chance.int(MIB / 2);
        if (action < 2 || held.length < 2) held.push({ x: tf.fill([size], i), value: i });
        else if (action === 2) {
          const { x, value } = held[at]!;
          held.push({ x: tf.mul(x, tf.scalar(2)), value: 2 * value });
        } else if (action === 3) check(held[at]!);
        else held.splice(at, 1)[0]!.x.dispose();
        most = Math.max(most, heapBytes()!.used);
        if (i % 100 !== 99) continue;
        finish(); // a waiting job may read what has been freed since
        heap.poison(NaN);
      }
      held.forEach(check);
      assert.ok(most > 48 * MIB, String(most));
      held.forEach(({ x }) => x.dispose());
      assert.equal(heapBytes()!.used, before);
    });
  },
});

const model = modelConfigSchema.parse({
  vocabSize: 2048,
  width: 256,
  layers: 3,
  heads: 4,
  kvHeads: 2,
  inner: 1024,
  contextLength: 32,
});

let drawn: HostWeights | undefined;
/** The weights that training begins with, which take long to draw. */
const firstWeights = () => drawn ??= initialWeights(model, 1);

/** Three steps of pretraining: losses, norms and final weights, and the most bytes in use. */
function train(clipUpdate?: number) {
  const parameters = toVariables(firstWeights());
  const slots = Object.values(parameters).map((parameter): AdamWSlot => ({
    parameter,
    m: tf.tidy(() => tf.variable(tf.zeros(parameter.shape))),
    v: tf.tidy(() => tf.variable(tf.zeros(parameter.shape))),
    decay: 0.1,
  }));
  const chance = random(2, "ids");
  const ids = () => tf.tensor2d(Int32Array.from({ length: 64 }, () => chance.int(model.vocabSize)), [2, 32], "int32");
  const results: number[][] = [];
  for (let step = 1; step <= 3; step++) {
    tf.tidy(() => {
      const [inputs, targets] = [ids(), ids()];
      const loss = () => headLoss(model, parameters, hiddenStates(model, parameters, inputs), targets);
      const { value, gradients } = variableGradients(loss, slots.map(({ parameter }) => parameter));
      const all = globalNorm(gradients);
      const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1, step };
      const norm = adamW(slots, gradients, { ...settings, ...(clipUpdate === undefined ? {} : { clipUpdate }) });
      results.push([value, all, norm].map((x) => x.dataSync()[0]!));
    });
  }
  const weights = slots.flatMap(({ parameter, m, v }) => [parameter, m, v].map((x) => x.dataSync()));
  return { results, weights, used: heapBytes()!.used };
}

for (const one of products) {
  for (const clipUpdate of one === products[0] ? [undefined, 0.5] : [undefined]) {
    const clipping = clipUpdate === undefined ? "" : ", clipping updates";
    Deno.test({
      name: `a model larger than the window trains to the same bytes [${one}${clipping}]`,
      ignore,
      async fn() {
        const whole = await onCpu({ products: one }, () => train(clipUpdate));
        const moved = await onCpu({ products: one, windowLimit: 32 * MIB, threads: 1 }, () => train(clipUpdate));
        assert.ok(moved.used > 40 * MIB, String(moved.used));
        assert.deepEqual(moved, { ...whole, used: moved.used });
      },
    });
  }
}

Deno.test({
  name: "a constant matrix has the same products after it was moved out and back",
  ignore,
  async fn() {
    await onCpu({ windowLimit: 24 * MIB }, () => {
      const matrices = Array.from({ length: 12 }, (_, i) => tf.randomNormal([512, 512], 0, 1, "float32", i));
      matrices.slice(0, 6).forEach(holdConstant);
      const x = tf.randomNormal([64, 512], 0, 1, "float32", 99);
      const round = () => matrices.map((w) => tf.tidy(() => linear(x, w).dataSync()));
      const first = round();
      tf.tidy(() => void Array.from({ length: 12 }, () => tf.fill([MIB / 2], 1)));
      assert.deepEqual(round(), first);
    });
  },
});

Deno.test({
  name: "an operation that needs more than the window is refused, and says so",
  ignore,
  async fn() {
    await onCpu({ windowLimit: 24 * MIB }, () => {
      const x = tf.fill([3 * MIB], 1); // 12 MiB
      assert.throws(() => tf.add(x, x), {
        code: "tensor.memory",
        message:
          /^add\(a \[3145728\], b \[3145728\]\): Cannot allocate 12\.0 MiB: one operation's tensors must fit into 24\.0 MiB/,
      });
      assert.equal(tf.sum(x).dataSync()[0], 3 * MIB);
    });
  },
});

Deno.test("memoryLimit counts tensors that were moved out", async () => {
  await onCpu({ windowLimit: 24 * MIB, memoryLimit: 40 * MIB }, () => {
    const held: tf.Tensor[] = [];
    assert.throws(() => {
      for (let i = 0; i < 100; i++) held.push(tf.fill([MIB / 2], i));
    }, { code: "tensor.memory", message: /of at most (24|40)\.0 MiB are in use/ });
    held.forEach((x, i) => assert.equal(x.dataSync()[MIB / 2 - 1], i));
    tf.dispose(held);
  });
});
