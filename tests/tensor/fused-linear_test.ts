// Linear maps that share their input or add to a stream, and norms that branch off one: against what they are made of.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  addLinear,
  addSwigluLinear,
  heapBytes,
  holdConstant,
  linear,
  linears,
  normBranch,
  openDevice,
  rmsNorm,
  swiglu,
  variableGradients,
} from "../../lib/tensor/mod.ts";
import { products } from "../products.ts";
import { type Case, distance, evaluate, normalValues, poison } from "./support.ts";

const sum = (tensors: tf.Tensor[]) => tensors.reduce((a, b) => tf.add(a, b));

/** `[N, K]` by three weights, mixed by products so that each output has a gradient of its own. */
function linearsCase(N: number, K: number, outs: [number, number]): Case {
  const [a, b] = outs;
  const mix = ([p, q, r]: tf.Tensor[]) =>
    tf.concat([tf.mul(p!, r!), tf.mul(tf.scalar(3), p!), tf.mul(q!, tf.scalar(-2))], 1);
  return {
    name: `linears [${N}, ${K}] to ${outs}`,
    inputs: [normalValues([N, K], 1), normalValues([a, K], 2), normalValues([b, K], 3), normalValues([a, K], 4)],
    trained: [0, 1, 2, 3],
    ours: ([x, ...w]) => mix(linears(x!, w)),
    reference: ([x, ...w]) => mix(w.map((weight) => linear(x!, weight))),
  };
}

function addLinearCase(N: number, K: number, out: number): Case {
  return {
    name: `addLinear [${N}, ${K}] to ${out}`,
    inputs: [normalValues([N, out], 1), normalValues([N, K], 2), normalValues([out, K], 3)],
    trained: [0, 1, 2],
    ours: ([h, x, w]) => addLinear(h!, x!, w!),
    reference: ([h, x, w]) => tf.add(h!, linear(x!, w!)),
  };
}

/** Of one model, or of a stack of models with `N` rows each; `isConstant`: the weight's packed form is kept. */
function addSwigluCase(models: number, N: number, K: number, out: number, isConstant = false): Case {
  const stack = models === 1 ? [] : [models];
  return {
    name: `addSwigluLinear of ${models} × [${N}, ${K}] to ${out}${isConstant ? ", constant" : ""}`,
    inputs: [
      normalValues([models * N, out], 1),
      normalValues([models * N, K], 2, 3),
      normalValues([models * N, K], 3),
      normalValues([...stack, out, K], 4),
    ],
    trained: [0, 1, 2, 3],
    ours([h, gate, up, w]) {
      if (isConstant) holdConstant(w!);
      return addSwigluLinear(h!, gate!, up!, w!);
    },
    reference: ([h, gate, up, w]) => tf.add(h!, linear(swiglu(gate!, up!), w!)),
  };
}

function branchCase(rows: number, d: number): Case {
  const use = (normed: tf.Tensor, x: tf.Tensor) => sum([tf.mul(normed, normed), tf.mul(x, tf.scalar(0.5)), normed]);
  return {
    name: `normBranch [${rows}, ${d}]`,
    inputs: [normalValues([rows, d], 1), normalValues([d], 2)],
    trained: [0, 1],
    ours: ([x, w]) => use(...normBranch(x!, w!, 1e-5)),
    reference: ([x, w]) => use(rmsNorm(x!, w!, 1e-5), x!),
  };
}

/** The same for stacks of models, each with rows of its own: against the unfused operations on the same stacks. */
function stackedCases(models: number, rows: number, K: number, out: number): Case[] {
  const x = normalValues([models * rows, K], 5);
  const mix = ([p, q]: tf.Tensor[]) => tf.mul(p!, tf.add(q!, tf.scalar(0.5)));
  const use = (normed: tf.Tensor, x: tf.Tensor) => sum([tf.mul(normed, normed), tf.mul(x, tf.scalar(0.5)), normed]);
  return [
    {
      name: `linears [${x.shape}] to two stacks [${models}, ${out}, ${K}]`,
      inputs: [x, normalValues([models, out, K], 6), normalValues([models, out, K], 7)],
      trained: [0, 1, 2],
      ours: ([x, ...w]) => mix(linears(x!, w)),
      reference: ([x, ...w]) => mix(w.map((weight) => linear(x!, weight))),
    },
    {
      name: `addLinear [${x.shape}] to a stack [${models}, ${out}, ${K}]`,
      inputs: [normalValues([models * rows, out], 8), x, normalValues([models, out, K], 9)],
      trained: [0, 1, 2],
      ours: ([h, x, w]) => addLinear(h!, x!, w!),
      reference: ([h, x, w]) => tf.add(h!, linear(x!, w!)),
    },
    {
      name: `normBranch [${x.shape}] by a stack [${models}, ${K}]`,
      inputs: [x, normalValues([models, K], 10)],
      trained: [0, 1],
      ours: ([x, w]) => use(...normBranch(x!, w!, 1e-5)),
      reference: ([x, w]) => use(rmsNorm(x!, w!, 1e-5), x!),
    },
  ];
}

const cases = [
  ...stackedCases(1, 1, 5, 3),
  ...stackedCases(3, 2, 33, 17),
  ...stackedCases(4, 65, 40, 64),
  ...stackedCases(4, 192, 140, 64),
  linearsCase(1, 5, [3, 4]),
  linearsCase(7, 33, [17, 5]),
  linearsCase(200, 96, [64, 160]),
  linearsCase(200, 300, [64, 160]),
  addLinearCase(1, 7, 5),
  addLinearCase(3, 5, 9),
  addLinearCase(65, 400, 33),
  addLinearCase(300, 64, 128),
  addSwigluCase(1, 1, 7, 5),
  addSwigluCase(1, 3, 16, 5),
  addSwigluCase(2, 65, 40, 33),
  addSwigluCase(1, 200, 272, 800),
  addSwigluCase(3, 200, 272, 64),
  addSwigluCase(1, 200, 272, 64, true),
  branchCase(1, 3),
  branchCase(9, 17),
  branchCase(200, 64),
];

Deno.test("fused maps and branches equal their parts, whatever the threads and whoever multiplies", async () => {
  await (await openDevice("reference")).close();
  const expected = cases.map(({ inputs, trained, reference }) => evaluate(inputs, trained, reference));
  for (const one of products) {
    const first: Float32Array[][] = [];
    for (const threads of [1, 2, 3]) {
      const device = await openDevice("cpu", { threads, products: one });
      cases.forEach(({ name, inputs, trained, ours }, i) => {
        poison();
        const results = evaluate(inputs, trained, ours);
        results.forEach((result, j) => {
          const error = distance(result, expected[i]![j]!);
          assert.ok(error < 3e-6, `${name}, result ${j} is off by ${error}`);
          if (threads > 1) assert.deepEqual(result, first[i]![j], name);
        });
        first[i] ??= results;
      });
      await device.close();
    }
  }
});

Deno.test("what SwiGLU returns is not kept for the gradients, unless the map after it is trained", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const [h, gate, up, w] = [tf.ones([64, 8]), tf.ones([64, 512]), tf.ones([64, 512]), tf.ones([8, 512])];
  const [trainedGate, trainedW] = tf.tidy(() => [tf.variable(gate), tf.variable(w)]);
  /** Bytes in use between the passes. */
  const held = (f: () => tf.Tensor, variable: tf.Variable) => {
    let bytes = 0;
    const { value, gradients } = variableGradients(() => {
      const y = tf.tidy(f);
      bytes = heapBytes()!.used;
      return tf.sum(y) as tf.Scalar;
    }, [variable]);
    tf.dispose([value, ...gradients]);
    return bytes;
  };
  const apart = held(() => addLinear(h, swiglu(trainedGate, up), w), trainedGate);
  assert.equal(apart - held(() => addSwigluLinear(h, trainedGate, up, w), trainedGate), 4 * gate.size);
  const all = held(() => addLinear(h, swiglu(gate, up), trainedW), trainedW);
  assert.equal(all, held(() => addSwigluLinear(h, gate, up, trainedW), trainedW));
  await device.close();
});

Deno.test("shapes that do not fit a fused map are refused by name", async () => {
  const device = await openDevice("cpu", { threads: 1 });
  const ones = (...shape: number[]) => tf.ones(shape);
  assert.throws(() => linears(ones(2, 3), [ones(4, 3), ones(4, 5)]), /linears\(\) cannot take x \[2,3\], w 0 \[4,3\]/);
  assert.throws(() => addLinear(ones(2, 3), ones(2, 5), ones(4, 5)), /addLinear\(\) cannot take h \[2,3\]/);
  assert.throws(() => addLinear(ones(3, 4), ones(2, 5), ones(4, 5)), /addLinear\(\)/);
  const gated = (gate: number[], up: number[], w: number[]) => () =>
    addSwigluLinear(ones(2, 4), ones(...gate), ones(...up), ones(...w));
  assert.throws(gated([2, 5], [2, 6], [4, 5]), /addSwigluLinear\(\) cannot take h \[2,4\], gate \[2,5\], up \[2,6\]/);
  assert.throws(gated([2, 5], [2, 5], [4, 6]), /addSwigluLinear\(\)/);
  assert.throws(gated([3, 5], [3, 5], [4, 5]), /addSwigluLinear\(\)/);
  assert.throws(gated([2, 5], [2, 5], [5]), /addSwigluLinear\(\).*2 or 3 dimensions/);
  await device.close();
});
