// The operations that are timed alone, at the sizes of a training shape, with the same in jax-js where it can.
import * as tf from "@tensorflow/tfjs";
import {
  causalAttention,
  crossEntropy,
  embedding,
  expertsIntoHub,
  hubIntoExpert,
  linear,
  rmsNorm,
  rope,
  ropeTable,
  swiglu,
} from "../lib/tensor/mod.ts";
import { type JaxOperation, jaxOperations } from "./jax.ts";
import { type ShapeName, shapes } from "./shapes.ts";

export interface Row {
  readonly name: string;
  /** Floating-point operations, for products. */
  readonly flops?: number;
  readonly inputs: () => tf.Tensor[];
  readonly run: (inputs: tf.Tensor[]) => tf.Tensor;
  /** Inputs whose gradients are timed, too. */
  readonly trained?: readonly number[];
  /** The same in jax-js, from the same inputs; see jax.ts for those that it can do. */
  readonly jax?: JaxOperation;
}

export function operationRows(name: ShapeName): Row[] {
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
  ];
  return list;
}
