// CALM: equality to the anchor at step 0, causality, caches, gradients, and errors.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import {
  beforeFirstConnection,
  type CalmConfig,
  calmLanguageModel,
  calmLayers,
  type CalmModel,
  calmModel,
  calmShapes,
  fromFirstConnection,
  initialCalm,
} from "../../lib/baselines/calm/model.ts";
import { forward, head, headLoss, type HostWeights, toDevice, toVariables } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, assertGradient, bigWeights, difference, TINY, tokens } from "../tiny.ts";
import { assertDecodes } from "./decoding.ts";

const T = TINY.contextLength;

/** Connections with all parameters away from their initial values. */
function noisyCalm(calm: CalmConfig, augmenting: number, seed = 1): HostWeights {
  return Object.fromEntries(
    Object.entries(initialCalm(calm, { augmenting, width: TINY.width }, seed)).map(([name, { shape, data }]) => {
      const source = random(seed, "noise", name);
      return [name, { shape, data: data.map(() => 0.3 * source.normal()) }];
    }),
  );
}

function tinyCalm(connections: number, augmenting: number, noisy = true): CalmModel {
  const calm = { connections };
  const [anchor, ...others] = Array.from({ length: augmenting + 1 }, (_, i) => toDevice(bigWeights(TINY, i + 1)));
  const start = noisy ? noisyCalm(calm, augmenting) : initialCalm(calm, { augmenting, width: TINY.width }, 1);
  return calmModel({ config: TINY, calm, anchor: anchor!, augmenting: others, connections: toDevice(start) });
}

for (const [connections, augmenting] of [[1, 1], [2, 2], [3, 1]] as const) {
  const what = `${connections} connections, ${augmenting} augmenting`;

  deviceTest(`CALM at step 0 is the anchor, bit for bit, ${what}`, () => {
    const model = tinyCalm(connections, augmenting, false);
    const ids = tokens(2, T, 1);
    const logits = calmLanguageModel(model).logits(ids);
    assert.equal(difference(logits, forward(TINY, model.anchor, ids)), 0);
    assertFar(calmLanguageModel(tinyCalm(connections, augmenting)).logits(ids), logits, 0.1);
  });

  deviceTest(`CALM shows no token what comes after it, ${what}`, () => {
    const model = calmLanguageModel(tinyCalm(connections, augmenting));
    const ids = tokens(1, T, 5);
    const full = model.logits(ids);
    for (const at of [1, T / 2, T - 1]) {
      const changed = tf.tensor2d(
        ids.arraySync().map((row) => row.map((id, t) => t < at ? id : (id + 7) % TINY.vocabSize)),
        [1, T],
        "int32",
      );
      const until = (x: tf.Tensor3D) => tf.slice(x, [0, 0, 0], [1, at, -1]);
      assert.equal(difference(until(model.logits(changed)), until(full)), 0);
      assertFar(model.logits(changed), full, 0.1);
    }
  });

  deviceTest(`CALM decodes with its caches as the full pass does, ${what}`, () => {
    const model = calmLanguageModel(tinyCalm(connections, augmenting));
    assertDecodes(model, tokens(2, T, 6));
  });
}

deviceTest("the anchor hears each augmenting model by itself: their contributions add up at the last layer", () => {
  // With one connection after the last layer, the final state is the anchor's plus the cross-attention to each model.
  const both = tinyCalm(1, 2);
  const ids = tokens(2, T, 2);
  const state = (model: CalmModel) => fromFirstConnection(model, beforeFirstConnection(model, ids));
  const [own, first, second] = beforeFirstConnection(both, ids);
  const alone = (i: number) => {
    const connections = Object.fromEntries(
      Object.entries(both.connections).filter(([name]) => name.startsWith(`calm.0.${i}.`))
        .map(([name, x]) => [name.replace(`calm.0.${i}.`, "calm.0.1."), x]),
    );
    return state(calmModel({ ...both, augmenting: [both.augmenting[i - 1]!], connections }));
  };
  assertClose(tf.add(tf.sub(alone(1), own!), alone(2)), state(both), 1e-3);
  assertFar(first!, second!, 0.1);
});

deviceTest("CALM has the gradients of its loss", () => {
  const calm = { connections: 2 };
  const [anchor, ...augmenting] = [1, 2, 3].map((seed) => toDevice(bigWeights(TINY, seed)));
  const start = noisyCalm(calm, 2);
  const ids = tokens(2, 6);
  const targets = tokens(2, 6, 2);
  const documents = tf.tensor2d([[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1]], [2, 6], "int32");
  const loss = (connections: Readonly<Record<string, tf.Tensor>>): tf.Scalar => {
    const model = { config: TINY, calm, anchor: anchor!, augmenting, connections };
    const streams = beforeFirstConnection(model, ids, { documents });
    return headLoss(TINY, anchor!, fromFirstConnection(model, streams, { documents }), targets);
  };
  const variables = toVariables(start);
  const { grads } = tf.variableGrads(() => loss(variables), Object.values(variables));
  for (const [name, { shape, data }] of Object.entries(start)) {
    const lossOf = (values: Float32Array) =>
      tf.tidy(() => loss({ ...variables, [name]: tf.tensor(values, [...shape]) }).dataSync()[0]!);
    assertGradient(data, grads[variables[name]!.name]!.dataSync(), lossOf, { places: [1, data.length - 3] }, name);
  }
  tf.dispose(variables);
});

deviceTest("`fromFirstConnection()` keeps documents apart", () => {
  const model = tinyCalm(2, 2);
  const documents = tf.tensor2d([[0, 0, 0, 0, 1, 1, 1, 1]], [1, 8], "int32");
  const of = (seed: number) => {
    const ids = tf.concat([tokens(1, 4, seed), tokens(1, 4, 3)], 1) as tf.Tensor2D;
    const h = fromFirstConnection(model, beforeFirstConnection(model, ids, { documents }), { documents });
    return tf.slice(head(TINY, model.anchor, h), [0, 4, 0], [1, 4, -1]);
  };
  assert.equal(difference(of(1), of(2)), 0);
});

Deno.test("`calmLayers()` spaces connections evenly, the last after the last layer", () => {
  assert.deepEqual(calmLayers({ connections: 1 }, 20), [20]);
  assert.deepEqual(calmLayers({ connections: 4 }, 20), [5, 10, 15, 20]);
  assert.deepEqual(calmLayers({ connections: 3 }, 10), [3, 6, 10]);
  assert.throws(
    () => calmLayers({ connections: 4 }, 3),
    (error) => error instanceof UserError && error.code === "merge.calm",
  );
});

Deno.test("`calmShapes()` has five matrices per connection and augmenting model", () => {
  const count = [...calmShapes({ connections: 4 }, { augmenting: 3, width: 3072 }).values()]
    .reduce((sum, [a, b]) => sum + a! * b!, 0);
  assert.equal(count, 4 * 3 * 5 * 3072 ** 2);
});

deviceTest("`calmModel()` refuses connections that are not its own", () => {
  const model = tinyCalm(2, 2);
  const refused = (message: RegExp) => (error: unknown) =>
    error instanceof UserError && error.code === "merge.weights" && message.test(error.message);
  assert.throws(() => calmModel({ ...model, calm: { connections: 3 } }), refused(/calm\.2\.1\.projection.*missing/));
  assert.throws(() => calmModel({ ...model, calm: { connections: 1 } }), refused(/calm\.1/));
  assert.throws(() => calmModel({ ...model, augmenting: [model.anchor] }), refused(/calm\.0\.2/));
  const wide = toDevice(bigWeights({ ...TINY, inner: 32 }, 1));
  assert.throws(
    () => calmModel({ ...model, augmenting: [model.augmenting[0]!, wide] }),
    (error) => error instanceof UserError && error.code === "model.weights" && /Augmenting model 2/.test(error.message),
  );
  assert.throws(
    () => calmModel({ ...model, augmenting: [] }),
    (error) => error instanceof UserError && error.code === "merge.calm",
  );
});
