// Every fused operation on many shapes, mostly odd ones, with its reference of stock operations.
import * as tf from "@tensorflow/tfjs";
import {
  causalAttention,
  crossEntropy,
  dropout,
  embedding,
  expertsIntoHub,
  hubIntoExpert,
  linear,
  linearCrossEntropy,
  meanLinearCrossEntropy,
  packHalf,
  rmsNorm,
  rope,
  ropeFrequencies,
  ropeTable,
  swiglu,
} from "../../lib/tensor/mod.ts";
import { causalAttentionReference } from "../../lib/tensor/ops/causal-attention.ts";
import { crossEntropyReference } from "../../lib/tensor/ops/cross-entropy.ts";
import { dropoutReference } from "../../lib/tensor/ops/dropout.ts";
import { embeddingReference } from "../../lib/tensor/ops/embedding.ts";
import { unpackHalfReference } from "../../lib/tensor/ops/half.ts";
import { linearReference } from "../../lib/tensor/ops/linear.ts";
import { rmsNormReference } from "../../lib/tensor/ops/rms-norm.ts";
import { ropeReference } from "../../lib/tensor/ops/rope.ts";
import { expertsIntoHubReference, hubIntoExpertReference } from "../../lib/tensor/ops/stitch.ts";
import { swigluReference } from "../../lib/tensor/ops/swiglu.ts";
import { random } from "../../lib/random.ts";
import { type Case, documentValues, intValues, normalValues, type Values } from "./support.ts";

type T1 = tf.Tensor1D;
type T2 = tf.Tensor2D;
type T4 = tf.Tensor4D;

/** Random shapes, the same in every run. */
const source = random(2024, "shapes");
const upTo = (...most: number[]) => most.map((largest) => 1 + source.int(largest));
const drawn = <T>(one: () => T): T[] => Array.from({ length: 3 }, one);

const products: readonly [number, number, number][] = [
  [1, 1, 1],
  [1, 5, 3],
  [3, 17, 8],
  [4, 33, 129],
  [5, 7, 17],
  [6, 8, 16],
  [7, 129, 33],
  [17, 33, 5],
  [129, 64, 65],
  [50, 500, 40],
  [200, 400, 100],
  ...drawn(() => upTo(40, 70, 40) as [number, number, number]),
];

function linearCases(): Case[] {
  return products.map(([rows, inner, out]) => ({
    name: `linear [${rows}, ${inner}] by [${out}, ${inner}]`,
    inputs: [normalValues([rows, inner], 1), normalValues([out, inner], 2)],
    trained: [0, 1],
    ours: ([x, w]) => linear(x!, w!),
    reference: ([x, w]) => linearReference(x!, w!),
  }));
}

function matMulCases(): Case[] {
  const shapes: [number[], number[], boolean, boolean][] = [
    [[3, 7, 5], [3, 5, 9], false, false],
    [[3, 5, 7], [3, 5, 9], true, false],
    [[3, 7, 5], [3, 9, 5], false, true],
    [[3, 5, 7], [3, 9, 5], true, true],
    [[2, 3, 4, 6], [2, 3, 6, 17], false, false],
    [[2, 3, 4, 6], [1, 1, 6, 17], false, false],
    [[4, 6], [6, 3], false, false],
    [[2, 1, 4, 6], [1, 3, 6, 5], false, false],
  ];
  return shapes.map(([a, b, transposeA, transposeB]) => {
    const f = ([x, y]: tf.Tensor[]) => tf.matMul(x!, y!, transposeA, transposeB);
    const inputs = [normalValues(a, 1), normalValues(b, 2)];
    // tfjs has no gradient of a product that broadcasts
    const trained = String(a.slice(0, -2)) === String(b.slice(0, -2)) ? [0, 1] : [];
    return { name: `matMul [${a}] by [${b}]`, inputs, trained, ours: f, reference: f };
  });
}

function normCases(): Case[] {
  const shapes = [[1, 1], [3, 5], [7, 17], [129, 33], [5, 128], [300, 64], ...drawn(() => upTo(90, 70))];
  return shapes.map(([rows, d]) => ({
    name: `rmsNorm [${rows}, ${d}]`,
    inputs: [normalValues([rows!, d!], 3), normalValues([d!], 4)],
    trained: [0, 1],
    ours: ([x, w]) => rmsNorm(x!, w!, 1e-5),
    reference: ([x, w]) => rmsNormReference(x!, w!, 1e-5),
  }));
}

/** Stacks of models, compared with running each model separately. */
function stackedCases(): Case[] {
  const shapes = [
    [1, 1, 1, 1],
    [2, 1, 5, 3],
    [3, 7, 33, 17],
    [4, 130, 16, 24],
    [2, 70, 128, 8],
    ...drawn(() => upTo(4, 30, 40, 40)),
  ];
  return shapes.flatMap(([models, rows, d, out]): Case[] => {
    const apart = (x: tf.Tensor, w: tf.Tensor, f: (x: tf.Tensor, w: tf.Tensor) => tf.Tensor) => {
      const one = (w: tf.Tensor, i: number) => tf.slice(w, [i], [1]).reshape(w.shape.slice(1));
      const each = Array.from({ length: models! }, (_, i) => f(tf.slice(x, [i * rows!], [rows!]), one(w, i)));
      return each.length === 1 ? each[0]! : tf.concat(each, 0);
    };
    const x = normalValues([models! * rows!, d!], 50);
    return [
      {
        name: `linear [${models! * rows!}, ${d}] by [${models}, ${out}, ${d}]`,
        inputs: [x, normalValues([models!, out!, d!], 51)],
        trained: [0, 1],
        ours: ([x, w]) => linear(x!, w!),
        reference: ([x, w]) => apart(x!, w!, linearReference),
      },
      {
        name: `rmsNorm [${models! * rows!}, ${d}] by [${models}, ${d}]`,
        inputs: [x, normalValues([models!, d!], 52)],
        trained: [0, 1],
        ours: ([x, w]) => rmsNorm(x!, w!, 1e-5),
        reference: ([x, w]) => apart(x!, w!, (x, w) => rmsNormReference(x, w, 1e-5)),
      },
    ];
  });
}

function ropeCases(): Case[] {
  const some = drawn(() => upTo(3, 20, 4, 20).map((size, i) => i === 3 ? 2 * size : size));
  return [[1, 1, 1, 2], [2, 5, 3, 6], [3, 17, 1, 8], [2, 129, 2, 10], [1, 33, 4, 32], ...some].map((shape) => ({
    name: `rope [${shape}]`,
    inputs: [normalValues(shape, 5)],
    trained: [0],
    ours: ([x]) => rope(x as T4, ropeTable(shape[1]!, ropeFrequencies(shape[3]!, 10000), 3)),
    reference: ([x]) => ropeReference(x as T4, ropeTable(shape[1]!, ropeFrequencies(shape[3]!, 10000), 3)),
  }));
}

function attentionCases(): Case[] {
  const shapes: { B: number; T: number; S: number; H: number; G: number; D: number; run?: number }[] = [
    { B: 1, T: 1, S: 1, H: 1, G: 1, D: 1 },
    { B: 2, T: 5, S: 5, H: 3, G: 3, D: 7 },
    { B: 1, T: 17, S: 17, H: 4, G: 2, D: 5 },
    { B: 3, T: 33, S: 33, H: 2, G: 1, D: 16, run: 5 },
    { B: 2, T: 129, S: 129, H: 2, G: 2, D: 8, run: 20 },
    { B: 1, T: 260, S: 260, H: 2, G: 1, D: 33, run: 60 },
    { B: 2, T: 50, S: 50, H: 3, G: 1, D: 32, run: 1 },
    { B: 2, T: 3, S: 20, H: 4, G: 2, D: 8 },
    { B: 1, T: 1, S: 129, H: 2, G: 1, D: 17 },
    { B: 1, T: 7, S: 260, H: 1, G: 1, D: 3 },
    ...drawn(() => {
      const [B, T, G, group, D, run] = upTo(3, 60, 3, 3, 20, 20) as [number, number, number, number, number, number];
      return { B, T, S: T, H: G * group, G, D, run };
    }),
    ...drawn(() => {
      const [B, T, past, G, group, D] = upTo(3, 20, 40, 3, 3, 20) as [number, number, number, number, number, number];
      return { B, T, S: T + past, H: G * group, G, D };
    }),
  ];
  return shapes.map(({ B, T, S, H, G, D, run }) => {
    const documents: Values[] = run === undefined ? [] : [documentValues(B, T, 6, run)];
    return {
      name: `causalAttention B ${B}, T ${T}, S ${S}, H ${H}, G ${G}, D ${D}, runs ${run}`,
      inputs: [
        normalValues([B, T, H, D], 7),
        normalValues([B, S, G, D], 8),
        normalValues([B, S, G, D], 9),
        ...documents,
      ],
      trained: [0, 1, 2],
      ours: ([q, k, v, docs]) => causalAttention(q as T4, k as T4, v as T4, docs as T2 | undefined),
      reference: ([q, k, v, docs]) => causalAttentionReference(q as T4, k as T4, v as T4, docs as T2 | undefined),
    };
  });
}

function pointwiseCases(): Case[] {
  const shapes = [[1], [3, 5], [17, 33], [129, 7], [40, 300], ...drawn(() => upTo(40, 60))];
  return shapes.flatMap((shape): Case[] => [
    {
      name: `swiglu [${shape}]`,
      inputs: [normalValues(shape, 10, 3), normalValues(shape, 11)],
      trained: [0, 1],
      ours: ([gate, up]) => swiglu(gate!, up!),
      reference: ([gate, up]) => swigluReference(gate!, up!),
    },
    {
      name: `dropout [${shape}]`,
      inputs: [normalValues(shape, 12)],
      trained: [0],
      ours: ([x]) => dropout(x!, 0.3, 4_000_000_000),
      reference: ([x]) => dropoutReference(x!, 0.3, 4_000_000_000),
    },
    {
      name: `hubIntoExpert [${shape}]`,
      inputs: [13, 14, 15].map((seed) => normalValues(shape, seed, 2)),
      trained: [0, 1, 2],
      ours: ([e, p, z]) => hubIntoExpert(e as T2, p as T2, z as T2),
      reference: ([e, p, z]) => hubIntoExpertReference(e as T2, p as T2, z as T2),
    },
  ]);
}

function expertsIntoHubCases(): Case[] {
  return [[1, 1, 1], [3, 5, 2], [17, 33, 3], [129, 8, 4], [5, 7, 7], ...drawn(() => upTo(30, 40, 6))].map(
    ([N, d, n]) => {
      const projected = Array.from({ length: n! }, (_, i) => normalValues([N!, d!], 20 + i));
      return {
        name: `expertsIntoHub [${N}, ${d}] with ${n} experts`,
        inputs: [normalValues([N!, d!], 16), normalValues([N!, (n! + 1) * d!], 17, 2), ...projected],
        trained: projected.map((_, i) => i + 2).concat(0, 1),
        ours: ([hub, z, ...p]) => expertsIntoHub(hub as T2, p as T2[], z as T2),
        reference: ([hub, z, ...p]) => expertsIntoHubReference(hub as T2, p as T2[], z as T2),
      };
    },
  );
}

function tokenCases(): Case[] {
  const shapes = [
    [1, 2, 1],
    [5, 7, 3],
    [33, 129, 17],
    [129, 40, 5],
    [300, 17, 64],
    [9, 256, 2],
    [80, 269, 3],
    [5, 1030, 2],
    ...drawn(() => upTo(60, 90, 20)),
  ];
  return shapes.flatMap(([N, vocab, d]): Case[] => [
    {
      name: `embedding of ${N} ids from [${vocab}, ${d}]`,
      inputs: [normalValues([vocab!, d!], 30), intValues([N!], 31, 0, vocab!)],
      trained: [0],
      ours: ([table, ids]) => embedding(table as T2, ids!),
      reference: ([table, ids]) => embeddingReference(table as T2, ids as T1),
    },
    {
      name: `crossEntropy [${N}, ${vocab}]`,
      inputs: [normalValues([N!, vocab!], 32, 4), intValues([N!], 33, -2, vocab!)],
      trained: [0],
      ours: ([logits, targets]) => crossEntropy(logits as T2, targets as T1),
      reference: ([logits, targets]) => crossEntropyReference(logits as T2, targets as T1),
    },
  ]);
}

/** The stock composition of both. */
export function linearCrossEntropyReference(x: T2, w: T2, targets: T1): T1 {
  return crossEntropyReference(linearReference(x, w) as T2, targets);
}

function headCases(): Case[] {
  return [[1, 2, 1], [5, 7, 3], [33, 40, 17], ...drawn(() => upTo(40, 60, 20))].flatMap(([N, vocab, d]): Case[] => {
    const inputs = [normalValues([N!, d!], 34, 2), normalValues([vocab!, d!], 35), intValues([N!], 36, -2, vocab!)];
    const reference = ([x, w, targets]: tf.Tensor[]) => linearCrossEntropyReference(x as T2, w as T2, targets as T1);
    return [
      {
        name: `linearCrossEntropy [${N}, ${d}] by [${vocab}, ${d}]`,
        inputs,
        trained: [0, 1],
        ours: ([x, w, targets]) => linearCrossEntropy(x as T2, w as T2, targets as T1),
        reference,
      },
      {
        name: `meanLinearCrossEntropy [${N}, ${d}] by [${vocab}, ${d}]`,
        inputs,
        trained: [0, 1],
        ours: ([x, w, targets]) => meanLinearCrossEntropy(x as T2, w as T2, targets as T1),
        reference: (all) => tf.mean(reference(all)),
      },
    ];
  });
}

/** Packed half-precision weights, compared with the same numbers in float32. */
function halfCases(): Case[] {
  const shapes = [[1, 1, 1, 1], [3, 7, 2, 5], [2, 33, 9, 40], [1, 130, 20, 7], ...drawn(() => upTo(3, 30, 20, 30))];
  return shapes.flatMap(([models, rows, pairs, out]): Case[] => {
    const packed = (shape: number[], seed: number) => ({
      data: packHalf(normalValues([...shape, 2], seed).data as Float32Array, "a case"),
      shape,
    });
    const x = normalValues([models! * rows!, 2 * pairs!], 60);
    const stack = models === 1 ? [out!, pairs!] : [models!, out!, pairs!];
    const ids = intValues([rows!], 62, 0, out!);
    return [
      {
        name: `linear [${x.shape}] by half [${stack}]`,
        inputs: [x, packed(stack, 61)],
        trained: [0],
        ours: ([x, w]) => linear(x!, w!),
        reference: ([x, w]) => linear(x!, unpackHalfReference(w!)),
      },
      {
        name: `embedding of ${rows} ids from half [${out}, ${pairs}]`,
        inputs: [packed([out!, pairs!], 63), ids],
        trained: [],
        ours: ([table, ids]) => embedding(table as T2, ids!),
        reference: ([table, ids]) => embeddingReference(unpackHalfReference(table!) as T2, ids as T1),
      },
      {
        name: `meanLinearCrossEntropy [${rows}, ${2 * pairs!}] by half [${out}, ${pairs}]`,
        inputs: [normalValues([rows!, 2 * pairs!], 64), packed([out!, pairs!], 65), ids],
        trained: [0],
        ours: ([x, w, targets]) => meanLinearCrossEntropy(x as T2, w as T2, targets as T1),
        reference: ([x, w, targets]) =>
          tf.mean(linearCrossEntropyReference(x as T2, unpackHalfReference(w!) as T2, targets as T1)),
      },
    ];
  });
}

function stockCases(): Case[] {
  const on = (name: string, shapes: number[][], f: (inputs: tf.Tensor[]) => tf.Tensor): Case => ({
    name: `stock ${name} ${shapes.map((shape) => `[${shape}]`).join(" ")}`,
    inputs: shapes.map((shape, i) => normalValues(shape, 40 + i)),
    trained: shapes.map((_, i) => i),
    ours: f,
    reference: f,
  });
  return [
    on("add", [[33, 17], [33, 17]], ([a, b]) => tf.add(a!, b!)),
    on("add", [[33, 17], [17]], ([a, b]) => tf.add(a!, b!)),
    on("sub", [[33, 17], [33, 17]], ([a, b]) => tf.sub(a!, b!)),
    on("mul", [[33, 17], [33, 17]], ([a, b]) => tf.mul(a!, b!)),
    on("mul", [[33, 17], []], ([a, b]) => tf.mul(a!, b!)),
    on("addN", [[33, 17], [33, 17], [33, 17]], (list) => tf.addN(list)),
    on("sum", [[130, 170]], ([a]) => tf.sum(a!)),
    on("mean", [[33, 17]], ([a]) => tf.mean(a!)),
    on("slice of rows", [[33, 17]], ([a]) => tf.slice(a!, [3, 0], [20, 17])),
    on("slice of columns", [[33, 17]], ([a]) => tf.slice(a!, [0, 3], [33, 9])),
    on("slice of both", [[33, 17]], ([a]) => tf.slice(a!, [4, 3], [28, 11])),
    on("split", [[33, 18]], ([a]) => tf.addN(tf.split(a!, 3, 1))),
    on("concat of rows", [[33, 17], [5, 17]], ([a, b]) => tf.concat([a!, b!], 0)),
    on("concat of columns", [[33, 17], [33, 5]], ([a, b]) => tf.concat([a!, b!], 1)),
    on("transpose and softmax", [[33, 17]], ([a]) => tf.softmax(tf.transpose(a!))),
  ];
}

/** All cases. */
export const cases: readonly Case[] = [
  ...linearCases(),
  ...matMulCases(),
  ...normCases(),
  ...stackedCases(),
  ...ropeCases(),
  ...attentionCases(),
  ...pointwiseCases(),
  ...expertsIntoHubCases(),
  ...tokenCases(),
  ...headCases(),
  ...halfCases(),
  ...stockCases(),
];
