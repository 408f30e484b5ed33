// FlexOlmo: where experts start, what is trained, how they are put together, and what is left when one leaves.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { meanStates } from "../../lib/baselines/flexolmo/embeddings.ts";
import { besidePublic, publicWeights, stackExperts, withoutExperts } from "../../lib/baselines/flexolmo/experts.ts";
import { flexOlmo } from "../../lib/baselines/flexolmo/method.ts";
import { routeToBest } from "../../lib/baselines/flexolmo/route.ts";
import { pairOf, SOFT } from "../../lib/baselines/flexolmo/training.ts";
import type { BranchGiven } from "../../lib/baselines/mod.ts";
import { biasName, expertPrefix, routerName } from "../../lib/baselines/mixture/config.ts";
import { mixtureForward } from "../../lib/baselines/mixture/model.ts";
import { mixExperts } from "../../lib/baselines/mixture/route.ts";
import { routerInputs } from "../../lib/baselines/mixture/states.ts";
import { UserError } from "../../lib/errors.ts";
import { decoder, forward, type HostTensor, type HostWeights, toDevice, toHost } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { train, trainConfigSchema } from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, assertGradient, bigWeights, difference, randomBatch, TINY, tokens } from "../tiny.ts";
import { meanSquare } from "./mixtures.ts";

const SEED = bigWeights(TINY, 1);
const LAYERS = Array.from({ length: TINY.layers }, (_, layer) => layer);
const CONFIG = { documents: 6, tokens: 12, topK: 4, experts: ["code", "math", "law"] };

/** Documents of a domain, of different lengths. */
function documentsOf(domain: number): Int32Array[] {
  return Array.from({ length: 11 }, (_, i) => Int32Array.from(tokens(1, 2 + i % 9, 100 * domain + i).dataSync()));
}

function given(domain: number): BranchGiven {
  const publicDocuments = [{ share: 3, documents: documentsOf(0) }, { share: 1, documents: documentsOf(9) }];
  return { model: TINY, seed: SEED, publicDocuments, documents: documentsOf(domain) };
}

/** One expert as after training: all that is trained is moved. */
async function branch(domain: number): Promise<HostWeights> {
  using training = await flexOlmo.start(given(domain));
  const start = await training.finished();
  const source = random(domain, "trained");
  const moved = ([name, { shape, data }]: [string, HostTensor]) => {
    const values = data.slice();
    const deviation = name.includes("router") ? 0.1 : 0.3;
    const from = name.includes("router") ? values.length / 2 : 0; // the public row stays
    for (let i = from; i < values.length; i++) values[i]! += deviation * source.normal();
    return [name, { shape, data: name.endsWith("bias") ? values.map((b) => Math.min(b, 0)) : values }] as const;
  };
  return Object.fromEntries(Object.entries(start).map(moved));
}

/** The joined experts as a language model. */
function opened(weights: HostWeights, experts: readonly string[], topK = 4) {
  const config = { ...CONFIG, experts: [...experts], topK };
  const scope = new DisposableStack();
  const onDevice = () => [toDevice(SEED)];
  return flexOlmo.open({ model: TINY, config, weights, models: [SEED], onDevice, scope }).model;
}

deviceTest("`meanStates()` is the mean input of each feed-forward of the seed, over all tokens", async () => {
  const documents = documentsOf(1);
  using weights = toDevice(publicWeights(SEED));
  const found = await meanStates(TINY, weights, documents);
  const states = documents.map((document) =>
    routerInputs(TINY, weights, 0, tf.tensor2d([[...document]], undefined, "int32"))
  );
  for (const layer of LAYERS) {
    const wanted = tf.mean(tf.concat(states.map((layers) => layers[layer]!), 0), 0);
    assertClose(tf.tensor1d([...found[layer]!]), wanted, 1e-5);
  }
});

deviceTest("an expert starts as the public model, with its domain's embedding as its row and a bias of 0", async () => {
  using training = await flexOlmo.start(given(2));
  const weights = await training.finished();
  using seed = toDevice(publicWeights(SEED));
  const [first, second, own] = [
    await meanStates(TINY, seed, documentsOf(0)),
    await meanStates(TINY, seed, documentsOf(9)),
    await meanStates(TINY, seed, documentsOf(2)),
  ];
  for (const layer of LAYERS) {
    const { shape, data } = weights[routerName(layer, "mlp")]!;
    assert.deepEqual(shape, [2, TINY.width]);
    // The public row is the embedding of the text that the seed was trained on: domains by their shares, 3 : 1.
    const wanted = [...first[layer]!.map((value, i) => 0.75 * value + 0.25 * second[layer]![i]!), ...own[layer]!];
    assertClose(tf.tensor1d(data), tf.tensor1d(wanted), 1e-6);
    assert.deepEqual([...weights[biasName(layer, "mlp")]!.data], [0, 0]);
  }
  assertClose(opened(weights, ["code"]).logits(tokens(2, 9)), forward(TINY, toDevice(SEED), tokens(2, 9)), 1e-4);
});

deviceTest("an expert's loss has the gradients of its feed-forward, row and bias", async () => {
  const host = await branch(1);
  const row = (name: string): HostTensor => {
    const { shape, data } = host[name]!;
    return { shape: [1, ...shape.slice(1)], data: data.slice(data.length / 2) };
  };
  const routers = LAYERS.flatMap((layer) => [routerName(layer, "mlp"), biasName(layer, "mlp")]);
  const trained: HostWeights = { ...host, ...Object.fromEntries(routers.map((name) => [name, row(name)])) };
  trained[biasName(1, "mlp")]!.data[0] = -0.3;
  const first = Object.fromEntries(routers.map((name) => {
    const { shape, data } = host[name]!;
    return [name, { shape: [1, ...shape.slice(1)], data: data.slice(0, data.length / 2) }];
  }));
  const frozen = toDevice({ ...publicWeights(SEED), ...first });
  const variables = toDevice(trained);
  const ids = tokens(2, 6, 4);
  const loss = (weights: Readonly<Record<string, tf.Tensor>>) =>
    meanSquare(mixtureForward(pairOf(TINY, frozen, weights), ids));
  const names = [
    routerName(1, "mlp"),
    biasName(1, "mlp"),
    `${expertPrefix(1, "mlp", 1)}gate_proj.weight`,
    `${expertPrefix(0, "mlp", 1)}down_proj.weight`,
  ];
  for (const name of names) {
    const { shape, data } = trained[name]!;
    const of = (x: tf.Tensor) => loss({ ...variables, [name]: x });
    const lossOf = (values: Float32Array) => tf.tidy(() => of(tf.tensor(values, [...shape])).dataSync()[0]!);
    const gradient = tf.grad(of)(variables[name]!).dataSync();
    assertGradient(data, gradient as Float32Array, lossOf, { places: [0, data.length - 1], step: 2e-3 }, name);
  }
  // Above 0 a bias counts as 0; its gradient can only lower it.
  const name = biasName(1, "mlp");
  for (const sign of [1, -1]) {
    const of = (x: tf.Tensor) => tf.mul(loss({ ...variables, [name]: x }), sign);
    const [zero, above] = [0, 0.7].map((b) => tf.valueAndGrad(of)(tf.tensor1d([b])));
    assert.equal(difference(zero!.value, above!.value), 0);
    const [down, up] = [zero!, above!].map(({ grad }) => grad.dataSync()[0]!);
    assert.ok(down !== 0 && (down! > 0 ? up === down : up! === 0), `${down} at 0, ${up} above`);
  }
});

Deno.test("training lowers the loss, moves all that is trained, and nothing of the public model", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  try {
    using training = await flexOlmo.start(given(1));
    const [start, before] = [await training.finished(), await training.hashFrozen()];
    const batch = randomBatch(2, 12, 5);
    const losses: number[] = [];
    await train(training.task({
      config: trainConfigSchema.parse({ steps: 40, batch: 2, warmup: 0, lr: 0.02, weightDecay: 0 }),
      batchAt: () => batch,
      validation: [],
      onStep: ({ values }) => losses.push(values["loss"]!),
    }));
    assert.ok(losses.at(-1)! < 0.6 * losses[0]!, `loss ${losses[0]}, then ${losses.at(-1)}`);
    assert.equal(await training.hashFrozen(), before);
    const end = await training.finished();
    for (const [name, { data }] of Object.entries(start)) {
      const isRouter = name.includes("router");
      const own = isRouter ? data.length / 2 : 0;
      assert.deepEqual(end[name]!.data.slice(0, own), data.slice(0, own), `the public part of ${name}`);
      // A bias that is pushed up stays 0.
      if (!name.endsWith("bias")) assert.notDeepEqual(end[name]!.data.slice(own), data.slice(own), name);
      else assert.ok(end[name]!.data[1]! <= 0);
    }
    const variables = await toHost(training.variables);
    const raw = Object.keys(variables).filter((name) => name.endsWith("bias"));
    assert.ok(raw.every((name) => variables[name]!.data[0] !== 0), "all biases moved");
    assert.deepEqual(
      besidePublic(start, { [raw[0]!]: { shape: [1], data: Float32Array.of(0.5) } })[raw[0]!]!.data.at(-1),
      0,
    );
  } finally {
    await device.close();
  }
});

deviceTest("a model without an expert that left is the one built without it, logit for logit", async () => {
  const [code, math, law] = [await branch(1), await branch(2), await branch(3)];
  const all = stackExperts([code, math, law]);
  const names = ["code", "math", "law"];
  const ids = tokens(2, 12);
  for (const topK of [4, 2]) {
    const whole = opened(all, names, topK).logits(ids);
    for (const [kept, parts] of [[["code", "law"], [code, law]], [["math"], [math]]] as const) {
      const gone = names.filter((name) => !kept.some((one) => one === name));
      const left = flexOlmo.without({ config: { ...CONFIG, topK }, weights: all }, gone);
      assert.deepEqual(left.config.experts, kept);
      assert.deepEqual(left.weights, stackExperts(parts));
      const logits = opened(left.weights, kept, topK).logits(ids);
      assert.equal(difference(logits, opened(stackExperts(parts), kept, topK).logits(ids)), 0);
      assertFar(logits, whole, 1e-3, `top ${topK} of ${kept.length}`);
    }
    const nobody = opened(withoutExperts(all, [1, 2, 3]), [], topK).logits(ids);
    assertClose(nobody, decoder(TINY, toDevice(SEED)).logits(ids), 1e-4, "all have left: the seed");
  }
});

deviceTest("`routeToBest()` keeps the k largest gates of the softmax over all models", () => {
  const source = random(1, "logits");
  const z = tf.tensor2d(Float32Array.from({ length: 100 }, () => 2 * source.normal()), [20, 5]);
  for (const k of [1, 2, 4]) {
    const { gates, chosen } = routeToBest(z, k);
    const softmax = tf.softmax(z).arraySync() as number[][];
    const wanted = softmax.map((row) => {
      const least = row.toSorted((a, b) => b - a)[k - 1]!;
      return row.map((gate) => gate >= least ? gate : 0);
    });
    assertClose(gates, tf.tensor2d(wanted), 1e-6);
    assert.equal(chosen!.length, k);
    // Each expert runs only on its tokens, with the result of running all on all.
    const x = tokens(20, 3).toFloat() as tf.Tensor2D;
    const expert = (i: number, rows: tf.Tensor2D) => tf.mul(rows, i + 1) as tf.Tensor2D;
    const { chosen: _chosen, ...dense } = routeToBest(z, k);
    assertClose(
      mixExperts(x, { gates, probabilities: dense.probabilities, chosen: chosen! }, expert),
      mixExperts(x, dense, expert),
      1e-4,
    );
  }
});

Deno.test("experts of different public models are not put together", () => {
  const name = routerName(1, "mlp");
  const of = (first: number) => ({ [name]: { shape: [2, 3], data: Float32Array.of(first, 2, 3, 4, 5, 6) } });
  assert.deepEqual([...stackExperts([of(1), of(1)])[name]!.data], [1, 2, 3, 4, 5, 6, 4, 5, 6]);
  assert.throws(
    () => stackExperts([of(1), of(1), of(0)]),
    (error) => error instanceof UserError && error.code === "merge.weights" && /1 and expert 3/.test(error.message),
  );
});

Deno.test("what decides an expert names no other expert", () => {
  const settings = flexOlmo.settings.flexolmo.parse({});
  const common = { stitch: {} as never, domains: ["code", "math", "english"], flexolmo: settings };
  const [one, two] = [["code"], ["code", "math"]].map((experts) => flexOlmo.configOf({ ...common, experts }));
  assert.deepEqual(flexOlmo.branchOf(one!), flexOlmo.branchOf(two!));
  assert.deepEqual([settings.topK, SOFT.bias], [4, true]);
});
