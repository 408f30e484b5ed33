// The operations that are timed alone, at the sizes of a training shape, with the same in jax-js where it can.
import * as tf from "@tensorflow/tfjs";
import { weightShapes } from "../lib/model/mod.ts";
import {
  adamW,
  addLinear,
  causalAttention,
  crossEntropy,
  embedding,
  expertsIntoHub,
  hubIntoExpert,
  linear,
  linears,
  meanLinearCrossEntropy,
  normBranch,
  rmsNorm,
  rope,
  ropeFrequencies,
  ropeTable,
  swiglu,
} from "../lib/tensor/mod.ts";
import { type JaxOperation, jaxOperations } from "./jax.ts";
import { type ShapeName, shapes } from "./shapes.ts";

export interface Row {
  readonly name: string;
  /** Floating-point operations, for products. */
  readonly flops?: number;
  /** Bytes that it must read and write, where that is not its inputs and about half as much. */
  readonly bytes?: number;
  readonly inputs: () => tf.Tensor[];
  readonly run: (inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Inputs whose gradients are timed, too. */
  readonly trained?: readonly number[];
  /** The same in jax-js, from the same inputs; see jax.ts for those that it can do. */
  readonly jax?: JaxOperation;
}

export function operationRows(name: ShapeName): Row[] {
  const { config, batch } = shapes[name];
  const { width: d, contextLength: T, heads: H, kvHeads, inner, vocabSize } = config;
  const N = batch * T;
  const products = [64, 128, 256, 512, 1024].flatMap((n) =>
    ([["nt", false, true], ["nn", false, false], ["tn", true, false]] as const).map(([kind, a, b]): Row => ({
      name: `product ${kind} ${n}³`,
      flops: 2 * n ** 3,
      inputs: () => [normal(n, n), normal(n, n)],
      run: ([x, y]) => tf.matMul(x!, y!, a, b),
      jax: jaxOperations.product(a, b),
    }))
  );
  const product = (M: number, K: number, O: number): Row => ({
    name: `linear [${M}, ${K}] to ${O}`,
    flops: 2 * M * K * O,
    inputs: () => [normal(M, K), normal(O, K)],
    run: ([x, w]) => linear(x!, w!),
    jax: jaxOperations.product(false, true),
    trained: [0, 1],
  });
  const keys = kvHeads * d / H;
  const several = (title: string, K: number, outs: readonly number[]): Row => ({
    name: `linears ${title} [${N}, ${K}] to ${outs.join(", ")}`,
    flops: 2 * N * K * outs.reduce((a, b) => a + b),
    inputs: () => [normal(N, K), ...outs.map((out) => normal(out, K))],
    run: ([x, ...weights]) => linears(x!, weights),
    trained: [0, ...outs.map((_, i) => i + 1)],
  });
  const added = (K: number): Row => ({
    name: `addLinear [${N}, ${K}] to ${d}`,
    flops: 2 * N * K * d,
    inputs: () => [normal(N, d), normal(N, K), normal(d, K)],
    run: ([h, x, w]) => addLinear(h!, x!, w!),
    trained: [0, 1, 2],
  });
  const list: Row[] = [
    ...products,
    product(N, d, d),
    product(N, d, inner),
    product(N, inner, d),
    product(N, d, vocabSize),
    product(1, d, vocabSize),
    several("q, k, v", d, [d, keys, keys]),
    several("gate, up", d, [inner, inner]),
    added(d),
    added(inner),
    {
      name: "attention",
      flops: 2 * batch * T * T * d,
      inputs: () => [normal(batch, T, H, d / H), normal(batch, T, H, d / H), normal(batch, T, H, d / H)],
      run: ([q, k, v]) => causalAttention(q as tf.Tensor4D, k as tf.Tensor4D, v as tf.Tensor4D),
      trained: [0, 1, 2],
      jax: jaxOperations.attention,
    },
    {
      name: "rmsNorm",
      inputs: () => [normal(N, d), normal(d)],
      run: ([x, w]) => rmsNorm(x!, w!, 1e-5),
      jax: jaxOperations.rmsNorm,
      trained: [0, 1],
    },
    {
      name: "normBranch",
      bytes: 4 * (2 * N * d + d), // the stream itself is not copied
      inputs: () => [normal(N, d), normal(d)],
      run: ([x, w]) => normBranch(x!, w!, 1e-5),
      trained: [0, 1],
    },
    {
      name: "rope",
      inputs: () => {
        const { cos, sin } = ropeTable(T, ropeFrequencies(d / H, 10000));
        return [normal(batch, T, H, d / H), cos, sin];
      },
      run: ([x, cos, sin]) => rope(x as tf.Tensor4D, { cos: cos as tf.Tensor2D, sin: sin as tf.Tensor2D }),
      trained: [0],
    },
    {
      name: "swiglu",
      inputs: () => [normal(N, inner), normal(N, inner)],
      run: ([gate, up]) => swiglu(gate!, up!),
      jax: jaxOperations.swiglu,
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
      name: `meanLinearCrossEntropy [${N}, ${d}] by ${vocabSize}`,
      flops: 2 * N * d * vocabSize,
      // The head is a variable, as in training: its gradient is made beside the loss.
      inputs: () => [
        normal(N, d),
        tf.tidy(() => tf.variable(normal(vocabSize, d))),
        tf.randomUniformInt([N], 0, vocabSize),
      ],
      run: ([x, w, targets]) => meanLinearCrossEntropy(x as tf.Tensor2D, w as tf.Tensor2D, targets as tf.Tensor1D),
      trained: [0, 1],
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
    {
      name: "add",
      inputs: () => [normal(N, d), normal(N, d)],
      run: ([a, b]) => tf.add(a!, b!),
      jax: jaxOperations.add,
    },
    adamWRow([...weightShapes(config).values()]),
  ];
  return list;
}

const normal = (...shape: number[]): tf.Tensor => tf.randomNormal(shape);

/** An update of all parameters of these shapes, clipped by its norm. */
function adamWRow(shapes: readonly (readonly number[])[]): Row {
  const size = shapes.reduce((sum, shape) => sum + tf.util.sizeFromShape([...shape]), 0);
  const variable = (shape: readonly number[]) => tf.tidy(() => tf.variable(tf.fill([...shape], 0)));
  return {
    name: "adamW of all parameters",
    // Gradients are read for their norm first; then all four are read, and all but the gradients are written.
    bytes: 4 * 8 * size,
    inputs: () => shapes.flatMap((shape) => [tf.fill([...shape], 0.01), ...[0, 1, 2].map(() => variable(shape))]),
    run(inputs) {
      const gradients = shapes.map((_, i) => inputs[4 * i]!);
      const slots = shapes.map((_, i) => {
        const [parameter, m, v] = inputs.slice(4 * i + 1, 4 * i + 4) as [tf.Variable, tf.Variable, tf.Variable];
        return { parameter, m, v, decay: 0.1 };
      });
      const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1, step: 1 };
      return adamW(slots, gradients, settings);
    },
  };
}
