// Expert routing: the choice, its effect, and that no token is predicted by a model that it helped to choose.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import {
  initialRouter,
  leastLoss,
  promptFeatures,
  routedLanguageModel,
  ROUTER,
  routerLoss,
  ROUTING_PREFIX,
} from "../../lib/baselines/routing/model.ts";
import { routedLosses } from "../../lib/baselines/routing/losses.ts";
import { routing } from "../../lib/baselines/routing/method.ts";
import {
  decoder,
  type HostTensor,
  type LanguageModel,
  toDevice,
  tokenLosses,
  tokenPredictions,
} from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, bigWeights, difference, TINY, tokens } from "../tiny.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const LONG = { ...TINY, contextLength: 64 };
const T = 48;
const P = ROUTING_PREFIX.shortest;

/** Three models, and a router whose choice depends on the text. */
function routed() {
  const weights = [1, 2, 3].map((seed) => toDevice(bigWeights(LONG, seed)));
  const models = weights.map((one) => decoder(LONG, one));
  const table = weights[0]!["model.embed_tokens.weight"] as tf.Tensor2D;
  const source = random(5, "router");
  const router = tf.tensor2d(Float32Array.from({ length: 3 * LONG.width }, () => source.normal()), [3, LONG.width]);
  return { models, table, router };
}

/** The router's choice, computed off the device. */
function chosenByHand({ table, router }: ReturnType<typeof routed>, prompt: readonly number[]): number {
  const rows = table.arraySync();
  const mean = Array.from({ length: LONG.width }, (_, i) => prompt.reduce((sum, id) => sum + rows[id]![i]!, 0));
  const scores = router.arraySync().map((row) => row.reduce((sum, value, i) => sum + value * mean[i]!, 0));
  return scores.indexOf(Math.max(...scores));
}

/** Rows of random tokens such that each model is chosen for at least one row by its first `length` tokens. */
function variedRows(of: ReturnType<typeof routed>, length: number): { ids: tf.Tensor2D; choice: number[] } {
  for (let seed = 1; seed < 50; seed++) {
    const ids = tokens(6, T, seed, LONG.vocabSize);
    const choice = ids.arraySync().map((row) => chosenByHand(of, row.slice(0, length)));
    if (new Set(choice).size === 3) return { ids, choice };
  }
  throw new Error("No such rows");
}

/** The next token at each position; 3 after the last. */
const nextOf = (rows: readonly number[][]) =>
  tf.tensor2d(rows.map((row) => row.map((_, t) => row[t + 1] ?? 3)), [rows.length, T], "int32");

const hostOf = (x: tf.Tensor2D): HostTensor => ({ shape: x.shape, data: x.dataSync<"float32">() });

const rowOf = (x: tf.Tensor3D, row: number, from: number, to: number) =>
  tf.slice(x, [row, from, 0], [1, to - from, -1]);

deviceTest("a routed model decodes each row with the model that its prompt names, and with that one alone", () => {
  const of = routed();
  const prompt = 9;
  const { ids, choice } = variedRows(of, prompt);
  const model = routedLanguageModel(of);
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    for (const chunks of [[prompt, ...Array<number>(T - prompt).fill(1)], [prompt, 20, T - prompt - 20]]) {
      const states = statesOf(model, 6);
      const parts = chunks.map((chunk) => model.logits(tf.slice(ids, [0, states[0]!.length], [6, chunk]), states));
      assert.equal(states[0]!.length, T);
      const decoded = tf.concat(parts, 1) as tf.Tensor3D;
      choice.forEach((j, row) => {
        const full = of.models[j]!.logits(tf.slice(ids, [row, 0], [1, T]));
        assertClose(rowOf(decoded, row, 0, T), full, 1e-3, `row ${row}`);
      });
      disposeAll(states);
    }
  });
  assert.equal(tf.memory().numTensors, before, "tensors left behind");
});

deviceTest("a routed text without a prompt is the first model's until there is enough to choose by", () => {
  const of = routed();
  const { ids, choice } = variedRows(of, P);
  const logits = routedLanguageModel(of).logits(ids);
  choice.forEach((j, row) => {
    const own = tf.slice(ids, [row, 0], [1, T]);
    const early = P - 1; // the last token of the prefix is the first after which the choice is made
    assertClose(rowOf(logits, row, 0, early), rowOf(of.models[0]!.logits(own), 0, 0, early), 1e-3);
    assertClose(rowOf(logits, row, early, T), rowOf(of.models[j]!.logits(own), 0, early, T), 1e-3);
  });
  const short = tf.slice(ids, [0, 0], [6, P - 1]);
  assert.equal(difference(routedLanguageModel(of).logits(short), of.models[0]!.logits(short)), 0);
});

deviceTest("a routed model shows no token what comes after it", () => {
  const of = routed();
  const model = routedLanguageModel(of);
  const { ids } = variedRows(of, P);
  const full = model.logits(ids);
  for (const at of [1, P - 1, P, P + 1, T - 1]) {
    const changed = tf.tensor2d(
      ids.arraySync().map((row) => row.map((id, t) => t < at ? id : (id + 7) % LONG.vocabSize)),
      [6, T],
      "int32",
    );
    const until = (x: tf.Tensor3D) => tf.slice(x, [0, 0, 0], [6, at, -1]);
    assertClose(until(model.logits(changed)), until(full), 1e-3);
    assertFar(model.logits(changed), full, 0.1);
  }
});

deviceTest("a routed model's losses are the chosen model's, by the prompt where there is one", () => {
  const of = routed();
  const model = routedLanguageModel(of);
  const { ids } = variedRows(of, P);
  const rows = ids.arraySync();
  const prompts = [1, 2, 9, 31, 40, T - 1]; // tokens before the first that counts; a single one is no prompt
  const targets = tf.tensor2d(rows.map((row, b) => row.map((_, t) => t + 1 < prompts[b]! ? -1 : row[t + 1] ?? 3)), [
    6,
    T,
  ], "int32");
  const losses = model.losses!(ids, targets);
  const each = of.models.map((one) => tokenLosses(one, ids, targets).arraySync());
  const expected = rows.map((row, b) => {
    const length = prompts[b]!;
    const chosen = chosenByHand(of, row.slice(0, length === 1 ? P : length));
    return row.map((_, t) => each[length === 1 && t < P - 1 ? 0 : chosen]![b]![t]!);
  });
  assertClose(losses, tf.tensor2d(expected), 1e-4);
  // The same from the models' losses alone.
  const known = tf.tidy(() => of.models.map((one) => tokenLosses(one, ids, nextOf(rows)).arraySync()));
  const routing = { table: hostOf(of.table), router: hostOf(of.router) };
  rows.forEach((row, b) => {
    const tokens = Int32Array.from([...row, 3]);
    const mixed = routedLosses(routing, tokens, prompts[b]!, known.map((losses) => losses[b]!));
    losses.arraySync()[b]!.forEach((loss, t) => {
      if (t + 1 >= prompts[b]!) assert.ok(Math.abs(mixed[t]! - loss) < 1e-4, `row ${b}, token ${t + 1}`);
    });
  });
  assert.throws(
    () => routedLosses(routing, Int32Array.of(1, 2), 1, [[1]]),
    (error) => error instanceof UserError && error.code === "merge.routing",
  );
  // Without a prompt, losses are the cross-entropy of the logits.
  const all = nextOf(rows);
  const plain: LanguageModel = { ...model, losses: undefined } as unknown as LanguageModel;
  assertClose(model.losses!(ids, all), tokenLosses(plain, ids, all), 1e-3);
});

deviceTest("the most likely tokens of a routed text follow from those of the models", async () => {
  using scope = new DisposableStack();
  const host = [1, 2, 3].map((seed) => bigWeights(LONG, seed));
  const source = random(5, "router");
  const data = Float32Array.from({ length: 3 * LONG.width }, () => source.normal());
  const weights = { [ROUTER]: { shape: [3, LONG.width], data } };
  const onDevice = host.map((one) => toDevice(one));
  const { model, topsFrom } = routing.open({
    model: LONG,
    config: {},
    weights,
    models: host,
    onDevice: () => onDevice,
    scope,
  });
  for (let seed = 1; seed <= 3; seed++) {
    const [text] = tokens(1, T + 1, seed).arraySync();
    const [ids, next] = [text!.slice(0, -1), text!.slice(1)].map((row) => tf.tensor2d([row], [1, T], "int32"));
    const tops = await Promise.all(onDevice.map(async (one) => {
      const { top, topLosses } = tokenPredictions(decoder(LONG, one), ids!, next!);
      return {
        ids: Int32Array.from(await top.data()),
        confidence: Float32Array.from(await topLosses.data()).map((loss) => Math.exp(-loss)),
      };
    }));
    const found = topsFrom(Int32Array.from(text!), tops);
    const chances = (await tf.softmax(model.logits(ids!)).array() as number[][][])[0]!;
    chances.forEach((row, t) => {
      const most = Math.max(...row);
      assert.ok(Math.abs(found.confidence[t]! - most) < 1e-4, `text ${seed}, position ${t}`);
      assert.ok(row[found.ids[t]!]! > most - 1e-5, `text ${seed}, position ${t}`);
    });
  }
});

deviceTest("a router that has learnt nothing names the seed", () => {
  const of = routed();
  const start = initialRouter(3, LONG.width);
  const model = routedLanguageModel({ ...of, router: toDevice(start)[ROUTER] as tf.Tensor2D });
  const ids = tokens(2, T, 1, LONG.vocabSize);
  assertClose(model.logits(ids), of.models[0]!.logits(ids), 1e-3);
});

deviceTest("`promptFeatures()` is the mean embedding of what is read; `leastLoss()` the model that loses least", () => {
  const { table } = routed();
  const ids = tf.tensor2d([[3, 5, 7, 9]], [1, 4], "int32");
  const mean = tf.mean(tf.gather(table, tf.tensor1d([3, 5, 7], "int32")), 0, true);
  assertClose(promptFeatures(table, ids, tf.tensor2d([[1, 1, 1, 0]])), mean, 1e-6);
  const losses = [[[1, 2], [3, 3]], [[1, 1], [9, 9]], [[2, 0], [3, 2]]].map((rows) => tf.tensor2d(rows));
  assert.deepEqual([...leastLoss(losses).dataSync()], [1, 2]); // of equals the first
});

deviceTest("`routerLoss()` does not depend on the size of a prompt's features", () => {
  const { router, table } = routed();
  const features = tf.slice(table, [0, 0], [5, LONG.width]) as tf.Tensor2D;
  const best = tf.tensor1d([0, 2, 1, 1, 0], "int32");
  const [loss, small] = [1, 1e-3].map((size) => routerLoss(router, tf.mul(features, size), best).dataSync()[0]!);
  assert.ok(loss! > 0.1 && Math.abs(loss! - small!) < 1e-4, `${loss} ${small}`);
});

deviceTest("a routed model refuses other vocabularies, routers of another shape and texts that are too long", () => {
  const of = routed();
  const refused = (code: string) => (error: unknown) => error instanceof UserError && error.code === code;
  const other = { ...LONG, vocabSize: 41 };
  const stranger = decoder(other, toDevice(bigWeights(other, 1)));
  assert.throws(
    () => routedLanguageModel({ ...of, models: [...of.models.slice(1), stranger] }),
    refused("merge.vocab"),
  );
  assert.throws(() => routedLanguageModel({ ...of, models: of.models.slice(1) }), refused("merge.routing"));
  const model = routedLanguageModel(of);
  const state = model.decodingState();
  model.logits(tokens(1, 40), [state]);
  assert.throws(() => model.logits(tokens(1, 25), [state]), refused("model.context"));
  assert.equal(state.length, 40);
  state.dispose();
});
