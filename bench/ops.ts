// Micro-benchmarks: every operation, forward and backward, on our CPU backend against stock tfjs's.
//
//   deno task bench [--threads 1,2] [--stock] [--blas off] [--only NAME] [--shape tiny|small]
//
// A row is the fastest and the median of many runs; products say GFLOP/s, everything else GB/s of inputs and outputs.
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import {
  causalAttention,
  crossEntropy,
  embedding,
  expertsIntoHub,
  hubIntoExpert,
  linear,
  openDevice,
  rmsNorm,
  rope,
  ropeTable,
  swiglu,
} from "../lib/tensor/mod.ts";
import { type ShapeName, shapes } from "./shapes.ts";

const { values: flags } = parseArgs({
  options: {
    threads: { type: "string", default: "1,2" },
    stock: { type: "boolean", default: false },
    blas: { type: "string", default: "on" },
    only: { type: "string", default: "" },
    shape: { type: "string", default: "tiny" },
  },
});

interface Row {
  readonly name: string;
  /** Floating-point operations, for products. */
  readonly flops?: number;
  readonly inputs: () => tf.Tensor[];
  readonly run: (inputs: tf.Tensor[]) => tf.Tensor;
  /** Inputs whose gradients are timed, too. */
  readonly trained?: readonly number[];
}

function rows(name: ShapeName): Row[] {
  const { config, batch } = shapes[name];
  const { width: d, contextLength: T, heads: H, inner, vocabSize } = config;
  const N = batch * T;
  const normal = (...shape: number[]) => tf.randomNormal(shape);
  const products = [64, 128, 256, 512, 1024].flatMap((n) =>
    ([["nt", false, true], ["nn", false, false], ["tn", true, false]] as const).map(([kind, a, b]): Row => ({
      name: `product ${kind} ${n}³`,
      flops: 2 * n ** 3,
      inputs: () => [normal(n, n), normal(n, n)],
      run: ([x, y]) => tf.matMul(x!, y!, a, b),
    }))
  );
  const product = (M: number, K: number, O: number): Row => ({
    name: `linear [${M}, ${K}] to ${O}`,
    flops: 2 * M * K * O,
    inputs: () => [normal(M, K), normal(O, K)],
    run: ([x, w]) => linear(x!, w!),
    trained: [0, 1],
  });
  const list: Row[] = [
    ...products,
    product(N, d, d),
    product(N, d, inner),
    product(N, inner, d),
    product(N, d, vocabSize),
    product(1, d, vocabSize),
    {
      name: "attention",
      flops: 2 * batch * T * T * d,
      inputs: () => [normal(batch, T, H, d / H), normal(batch, T, H, d / H), normal(batch, T, H, d / H)],
      run: ([q, k, v]) => causalAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D),
      trained: [0, 1, 2],
    },
    {
      name: "rmsNorm",
      inputs: () => [normal(N, d), normal(d)],
      run: ([x, w]) => rmsNorm(x!, w!, 1e-5),
      trained: [0, 1],
    },
    {
      name: "rope",
      inputs: () => {
        const { cos, sin } = ropeTable(T, d / H, 10000);
        return [normal(batch, T, H, d / H), cos, sin];
      },
      run: ([x, cos, sin]) => rope(x as tf.Tensor4D, { cos: cos as tf.Tensor2D, sin: sin as tf.Tensor2D }),
      trained: [0],
    },
    {
      name: "swiglu",
      inputs: () => [normal(N, inner), normal(N, inner)],
      run: ([gate, up]) => swiglu(gate!, up!),
      trained: [0, 1],
    },
    {
      name: "embedding",
      inputs: () => [normal(vocabSize, d), tf.randomUniformInt([N], 0, vocabSize)],
      run: ([table, ids]) => embedding(table as tf.Tensor2D, ids!),
      trained: [0],
    },
    {
      name: "crossEntropy",
      inputs: () => [normal(N, vocabSize), tf.randomUniformInt([N], 0, vocabSize)],
      run: ([logits, targets]) => crossEntropy(logits as tf.Tensor2D, targets as tf.Tensor1D),
      trained: [0],
    },
    {
      name: "expertsIntoHub",
      inputs: () => [normal(N, d), normal(N, 4 * d), normal(N, d), normal(N, d), normal(N, d)],
      run: ([hub, z, ...p]) => expertsIntoHub(hub as tf.Tensor2D, p as tf.Tensor2D[], z as tf.Tensor2D),
      trained: [0, 1, 2, 3, 4],
    },
    {
      name: "hubIntoExpert",
      inputs: () => [normal(N, d), normal(N, d), normal(N, d)],
      run: ([e, p, z]) => hubIntoExpert(e as tf.Tensor2D, p as tf.Tensor2D, z as tf.Tensor2D),
      trained: [0, 1, 2],
    },
    { name: "add", inputs: () => [normal(N, d), normal(N, d)], run: ([a, b]) => tf.add(a!, b!) },
  ];
  return list.filter((row) => row.name.includes(flags.only));
}

/** Fastest and median milliseconds of a call. */
function time(f: () => void, budget = 300): { readonly best: number; readonly median: number } {
  f();
  f();
  const times: number[] = [];
  const start = performance.now();
  while (times.length < 5 || (performance.now() - start < budget && times.length < 2000)) {
    const started = performance.now();
    f();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  return { best: times[0]!, median: times[times.length >> 1]! };
}

function measure(row: Row): { forward: ReturnType<typeof time>; backward: ReturnType<typeof time> | undefined } {
  const inputs = row.inputs();
  const forward = time(() => row.run(inputs).dispose());
  let backward: ReturnType<typeof time> | undefined;
  if (row.trained !== undefined) {
    const dy = tf.tidy(() => tf.onesLike(row.run(inputs)));
    const chosen = row.trained;
    const gradients = tf.grads((...xs: tf.Tensor[]) => {
      const all = [...inputs];
      chosen.forEach((index, i) => all[index] = xs[i]!);
      return row.run(all);
    });
    const both = time(() => tf.dispose(gradients(chosen.map((index) => inputs[index]!), dy)));
    backward = { best: both.best - forward.best, median: both.median - forward.median };
    dy.dispose();
  }
  tf.dispose(inputs);
  return { forward, backward };
}

function rate(row: Row, milliseconds: number, factor: number): string {
  if (row.flops !== undefined) return `${(factor * row.flops / milliseconds / 1e6).toFixed(1)} GFLOP/s`;
  const inputs = row.inputs();
  const bytes = 4 * inputs.reduce((sum, x) => sum + x.size, 0) * 1.5;
  tf.dispose(inputs);
  return `${(factor * bytes / milliseconds / 1e6).toFixed(1)} GB/s`;
}

const micro = (milliseconds: number) => (milliseconds * 1000).toFixed(0).padStart(8);

const devices = [
  ...flags.threads.split(",").map((threads) => ({
    name: "cpu" as const,
    options: { threads: Number(threads), blas: flags.blas !== "off" },
  })),
  ...(flags.stock ? [{ name: "reference" as const, options: {} }] : []),
];
for (const { name, options } of devices) {
  const device = await openDevice(name, options);
  console.log(`\n${device.description}\n${"".padEnd(30)}      µs  median`);
  for (const row of rows(flags.shape as ShapeName)) {
    if (name === "reference" && (row.flops ?? 0) > 1e8) continue; // minutes
    const { forward, backward } = measure(row);
    console.log(
      row.name.padEnd(30) + micro(forward.best) + micro(forward.median) + "  " + rate(row, forward.best, 1).padEnd(15) +
        (backward === undefined
          ? ""
          : `  backward${micro(backward.best)}${micro(backward.median)}  ${rate(row, backward.best, 2)}`),
    );
  }
  await device.close();
}
