// Every method of the registry, saved and opened again: the same logits, decoding with a cache, causality, parameters.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  baselineDefaults,
  baselineNamed,
  BASELINES,
  type FinishedMethod,
  type MergedMethod,
  mergeFile,
  openBaseline,
  saveMerge,
} from "../../lib/baselines/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { hashTensors, saveModelFolder } from "../../lib/huggingface/mod.ts";
import { decoder, type HostTensor, type HostWeights, toDevice, toHost, tokenLosses } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { deviceTest } from "../backends.ts";
import { assertClose, assertFar, bigWeights, difference, stitchConfig, TINY, tokens } from "../tiny.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const LONG = { ...TINY, contextLength: 48 };
const MODELS = [1, 2, 3].map((seed) => bigWeights(LONG, seed));
const SETTINGS = baselineDefaults({
  stitch: stitchConfig(),
  experts: ["code", "math"],
  domains: ["english", "code", "math"],
});

/** Parameters of a method, away from where training starts. */
async function parametersOf(method: MergedMethod): Promise<HostWeights> {
  const config = method.configOf(SETTINGS);
  const models = method.combines === "seed" ? MODELS.slice(0, 1) : MODELS;
  if (method.making === "fitting") {
    const documents = MODELS.map((_, i) => Array.from({ length: 6 }, (_, j) => tokens(1, 12, 10 * i + j)))
      .map((rows) => rows.map((row) => Int32Array.from(row.dataSync())));
    return (await method.fit({ model: LONG, config, models, rngSeed: 1, documents })).weights;
  }
  if (method.making === "branching") {
    const branches = [];
    for (const i of [1, 2]) {
      const [common, own] = [0, i].map((domain) => [Int32Array.from(tokens(1, 12, domain).dataSync())]);
      const publicDocuments = [{ share: 1, documents: common! }];
      using training = await method.start({ model: LONG, seed: MODELS[0]!, publicDocuments, documents: own! });
      const moved = ([name, { shape, data }]: [string, HostTensor]) => {
        const source = random(i, "noise", name);
        return [name, {
          shape,
          data: name.includes("router") ? data : data.map((x) => x + 0.3 * source.normal()),
        }] as const;
      };
      branches.push(Object.fromEntries(Object.entries(await training.finished()).map(moved)));
    }
    return method.join(branches);
  }
  using training = method.start({ model: LONG, config, models, rngSeed: 1 });
  const start = await toHost(training.variables);
  const noisy = ([name, { shape, data }]: [string, HostTensor]) => {
    const source = random(1, "noise", name);
    return [name, { shape, data: data.map((value) => value + 0.3 * source.normal()) }] as const;
  };
  return Object.fromEntries(Object.entries(start).map(noisy));
}

/** A method in a folder, as its cell saves it. */
async function inFolder(name: string, body: (finished: FinishedMethod) => Promise<void>): Promise<void> {
  const method = baselineNamed(name);
  const folder = await Deno.makeTempDir();
  try {
    if (method.making === "pretraining") {
      await saveModelFolder(folder, { config: LONG, tensors: bigWeights(LONG, 9) });
    } else {
      await saveMerge(mergeFile(folder), {
        method: { kind: method.file.kind, config: method.configOf(SETTINGS) },
        weights: await parametersOf(method),
        models: (method.combines === "seed" ? MODELS.slice(0, 1) : MODELS)
          .map((model, i) => ({ name: `model ${i}`, weights: hashTensors(model) })),
      });
    }
    await body({ method, folder, model: LONG, models: MODELS });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const { name, making } of BASELINES) {
  deviceTest(
    `\`openBaseline()\` of ${name} gives one language model every time, and frees it`,
    () =>
      inFolder(name, async (finished) => {
        const before = tf.memory().numTensors;
        const ids = tokens(3, 40);
        const all: tf.Tensor[] = [];
        for (let i = 0; i < 2; i++) {
          using scope = new DisposableStack();
          const { model, parameters } = await openBaseline(finished, scope);
          assert.equal(model.vocabSize, LONG.vocabSize);
          assert.equal(model.gates !== undefined, finished.method.weighs === true);
          all.push(model.logits(ids));
          const { trained, total, active } = parameters;
          assert.ok(active > 0 && total >= active && total >= trained);
          const seed = tf.tidy(() => decoder(LONG, toDevice(MODELS[0]!)).logits(ids));
          assertFar(all[0]!, seed, 1e-3, `${name} and the seed`);
          seed.dispose();
        }
        assert.equal(difference(all[0]!, all[1]!), 0);
        tf.dispose([ids, ...all]);
        // Weights of the seed that the comparison copied are kept: their number is known.
        const left = tf.memory().numTensors - before;
        assert.equal(left, 2 * Object.keys(MODELS[0]!).length, "tensors left behind");
      }),
  );

  deviceTest(
    `${name} shows no token what comes after it, and decodes with a cache what it reads at once`,
    () =>
      inFolder(name, async (finished) => {
        using scope = new DisposableStack();
        const { model } = await openBaseline(finished, scope);
        const ids = tokens(2, 40);
        const full = model.logits(ids);
        const at = 33; // after the prefix of routing
        const rows = ids.arraySync().map((row) => row.map((id, t) => t < at ? id : (id + 7) % LONG.vocabSize));
        const until = (x: tf.Tensor) => tf.slice(x, [0, 0, 0], [2, at, -1]);
        const changed = model.logits(tf.tensor2d(rows, [2, 40], "int32"));
        assertClose(until(changed), until(full), 1e-3);
        assertFar(changed, full, 0.01);
        if (name !== "routing") { // which chooses by the first call
          const states = statesOf(model, 2);
          const parts = [20, 1, 1, 18].map((chunk) =>
            model.logits(tf.slice(ids, [0, states[0]!.length], [2, chunk]), states)
          );
          assertClose(tf.concat(parts, 1), full, 2e-3);
          disposeAll(states);
        }
      }),
  );

  deviceTest(
    `the parameters of ${name} are those of its file and of the models that it holds`,
    () =>
      inFolder(name, async (finished) => {
        using scope = new DisposableStack();
        const { parameters } = await openBaseline(finished, scope);
        const method = finished.method;
        if (method.making === "pretraining") return assert.equal(parameters.trained, parameters.total);
        const values = Object.values(await parametersOf(method)).reduce((sum, { data }) => sum + data.length, 0);
        // The public row of each router, and its bias of 0, are not trained.
        const found = making === "branching" ? LONG.layers * (LONG.width + 1) : making === "fitting" ? values : 0;
        assert.equal(parameters.trained, values - found);
        assert.ok(parameters.total >= values);
      }),
  );
}

deviceTest("`openBaseline()` refuses other models than those that a method was built from", async () => {
  for (const { name, making } of BASELINES) {
    if (making === "pretraining") continue;
    await inFolder(name, async (finished) => {
      using scope = new DisposableStack();
      const others = [bigWeights(LONG, 7), ...MODELS.slice(1)];
      await assert.rejects(
        openBaseline({ ...finished, models: others }, scope),
        (error) => error instanceof UserError && error.code === "merge.frozen",
      );
    });
  }
});

deviceTest("`lossesFrom()` is there for exactly the methods that are measured with the single models", async () => {
  for (const method of BASELINES) {
    await inFolder(method.name, async (finished) => {
      using scope = new DisposableStack();
      const { lossesFrom, model } = await openBaseline(finished, scope);
      const declared = method.making === "training" && method.ofLosses === true;
      assert.equal(lossesFrom !== undefined, declared, method.name);
      if (lossesFrom === undefined) return;
      const row = Int32Array.from(tokens(1, 41).dataSync());
      const [ids, next] = [row.slice(0, 40), row.slice(1)].map((part) => tf.tensor2d(part, [1, 40], "int32"));
      const each = MODELS.map((weights) => tokenLosses(decoder(LONG, toDevice(weights)), ids!, next!).dataSync());
      const known = lossesFrom(row, 1, each);
      assertClose(tf.tensor1d(Array.from(known)), tokenLosses(model, ids!, next!).reshape([-1]), 1e-3);
    });
  }
});
