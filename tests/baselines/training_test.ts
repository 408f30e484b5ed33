// Training what stitching is compared with: it learns, what is frozen stays, and it repeats and resumes bit for bit.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import type { Batch } from "../../lib/data/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { baselineDefaults, BASELINES, type Training } from "../../lib/baselines/mod.ts";
import { initialMixture } from "../../lib/baselines/mixture/start.ts";
import { leastLoss, promptFeatures, ROUTER } from "../../lib/baselines/routing/model.ts";
import { mixtureModel } from "../../lib/baselines/mixture/model.ts";
import { MIXTURES } from "./mixtures.ts";
import {
  disposeWeights,
  headLosses,
  hiddenStates,
  type HostWeights,
  toDevice,
  toHost,
  toVariables,
} from "../../lib/model/mod.ts";
import { linear, openDevice } from "../../lib/tensor/mod.ts";
import { mixtureTraining } from "../../lib/baselines/mixture/training.ts";
import {
  type PhaseOptions,
  type StepReport,
  toDeviceBatch,
  train,
  type TrainConfig,
  trainConfigSchema,
  type TrainState,
} from "../../lib/train/mod.ts";
import { bigWeights, randomBatch, stitchConfig, TINY } from "../tiny.ts";

const WIDE = { ...TINY, contextLength: 64 };
const MODELS = [1, 2, 3].map((seed) => bigWeights(WIDE, seed));
/** A test on our CPU backend: the operations' tests compare it with the reference. */
function cpuTest(title: string, body: () => Promise<void>): void {
  Deno.test(title, async () => {
    const device = await openDevice("cpu", { threads: 2 });
    try {
      await body();
    } finally {
      await device.close();
    }
  });
}

const SETTINGS = baselineDefaults({
  stitch: stitchConfig(),
  experts: ["code", "math"],
  domains: ["english", "code", "math"],
});

/** All methods that are trained, with their default settings, ready for training. */
const STARTS = new Map(
  BASELINES.flatMap((method): [string, () => Training | Promise<Training>][] => {
    if (method.making === "training") {
      const config = method.configOf(SETTINGS);
      return [[method.name, () => method.start({ model: WIDE, config, models: MODELS, rngSeed: 5 })]];
    }
    if (method.making !== "branching") return [];
    const [common, documents] = [1, 2].map((seed) => [randomBatch(1, 40, seed).inputs]);
    const publicDocuments = [{ share: 1, documents: common! }];
    const given = { model: WIDE, seed: MODELS[0]!, publicDocuments, documents: documents! };
    return [[method.name, () => method.start(given)]];
  }),
);
const ALL = [...STARTS.keys()];

async function trained(
  name: string,
  changes: Partial<TrainConfig>,
  options: Partial<PhaseOptions> = {},
): Promise<{ weights: HostWeights; frozen: string; reports: StepReport[]; validation: number | null }> {
  using training = await STARTS.get(name)!();
  const reports: StepReport[] = [];
  const { validation } = await train(training.task({
    config: trainConfigSchema.parse({ steps: 4, batch: 2, warmup: 0, lr: 0.01, ...changes }),
    batchAt: (step: number) => randomBatch(2, 40, step),
    validation: [],
    onStep: (report) => reports.push(report),
    ...options,
  }));
  return { weights: await toHost(training.variables), frozen: await training.hashFrozen(), reports, validation };
}

for (const name of ALL) {
  cpuTest(`training ${name} changes every parameter and nothing that is frozen, and keeps no tensors`, async () => {
    const untrained = await STARTS.get(name)!();
    const start = await toHost(untrained.variables);
    const before = await untrained.hashFrozen();
    untrained[Symbol.dispose]();
    const count = tf.memory().numTensors;
    const counts = new Set<number>();
    const result = await trained(name, { steps: 4, validateEvery: 2 }, {
      validation: [randomBatch(2, 40, 99)],
      onStep: () => counts.add(tf.memory().numTensors),
    });
    assert.equal(result.frozen, before);
    const kept = Object.keys(start).filter((key) =>
      hashTensors({ x: start[key]! }) === hashTensors({ x: result.weights[key]! })
    );
    // The hub has no gate in an H2E stitch; its slot is allocated only.
    assert.deepEqual(kept, name === "self-stitch" ? ["stitch.0.gate.0"] : []);
    assert.equal(counts.size, 1);
    assert.equal(tf.memory().numTensors, count);
  });

  Deno.test(`training ${name} gives the same bytes with one thread, with two, and resumed half way`, async () => {
    const hashes: string[] = [];
    for (const threads of [1, 2]) {
      const device = await openDevice("cpu", { threads });
      try {
        hashes.push(hashTensors((await trained(name, {})).weights));
        if (threads === 2) {
          // Stopped after two steps; what goes on has nothing but what was kept.
          let kept: TrainState | undefined;
          const stop = new AbortController();
          const save = (state: TrainState) => Promise.resolve(void (kept = structuredClone(state)));
          await assert.rejects(trained(name, {}, {
            checkpoints: { due: () => false, save },
            onStep: ({ step }) => void (step === 2 && stop.abort()),
            signal: stop.signal,
          }));
          const checkpoints = { last: kept!, due: () => false, save };
          hashes.push(hashTensors((await trained(name, {}, { checkpoints })).weights));
        }
      } finally {
        await device.close();
      }
    }
    assert.deepEqual([...new Set(hashes)], [hashes[0]]);
  });
}

for (const name of ["btx-soft", "btx-sample", "btx-top2", "bam", "bam-adapters", "calm"] as const) {
  cpuTest(`training ${name} learns a repeated batch`, async () => {
    const batch = randomBatch(2, 12, 5);
    const { reports } = await trained(name, { steps: 40, lr: 0.02, weightDecay: 0 }, { batchAt: () => batch });
    const [first, last] = [reports[0]!.values["loss"]!, reports.at(-1)!.values["loss"]!];
    assert.ok(last < 0.6 * first, `loss ${first}, then ${last}`);
  });
}

cpuTest("`routerTraining()` learns to name the model with the least loss", async () => {
  const batch = randomBatch(8, 40, 3); // eight texts; their prefixes differ from step to step
  const best = tf.tidy(() => [...bestOf(batch).dataSync()]);
  assert.ok(new Set(best).size > 1, "there is something to learn");
  const { reports, weights } = await trained("routing", { steps: 150, lr: 0.1, batch: 8, weightDecay: 0 }, {
    batchAt: () => batch,
  });
  assert.ok(Math.abs(reports[0]!.values["loss"]! - Math.log(3)) < 1e-5, "a router that knows nothing");
  const named = tf.tidy(() => {
    const { inputs } = toDeviceBatch(batch);
    const table = toDevice(MODELS[0]!)["model.embed_tokens.weight"] as tf.Tensor2D;
    const router = tf.tensor2d(weights[ROUTER]!.data, [3, WIDE.width]);
    return [...tf.argMax(linear(promptFeatures(table, inputs, tf.ones(inputs.shape)), router), 1).dataSync()];
  });
  assert.deepEqual(named, best);
});

/** The model that loses least on each row. */
function bestOf(batch: Batch): tf.Tensor1D {
  const { inputs, targets, documents } = toDeviceBatch(batch);
  return leastLoss(MODELS.map((host) => {
    const model = toDevice(host);
    const losses = headLosses(WIDE, model, hiddenStates(WIDE, model, inputs, { documents }), targets);
    disposeWeights(model);
    return losses;
  }));
}

cpuTest("training calm gives the same bytes when it recomputes the anchor's activations", async () => {
  const [kept, recomputed] = [
    await trained("calm", {}),
    await trained("calm", { activations: "recompute" }),
  ];
  assert.equal(hashTensors(recomputed.weights), hashTensors(kept.weights));
});

cpuTest("`mixtureTraining()` adds α times the load balance while training, and none when it validates", async () => {
  const batch = randomBatch(2, 12, 5);
  const run = async (balance: number) => {
    const mixture = { ...MIXTURES["btx-soft"], balance };
    const variables = toVariables(initialMixture(WIDE, mixture, MODELS, 1));
    const model = mixtureModel({ config: WIDE, mixture, models: 3, weights: variables });
    const reports: StepReport[] = [];
    const config = trainConfigSchema.parse({ steps: 1, batch: 2, warmup: 0, lr: 1e-9, weightDecay: 0 });
    await train(mixtureTraining(model, variables, 1, {
      config,
      batchAt: () => batch,
      validation: [batch],
      onStep: (report) => reports.push(report),
    }));
    disposeWeights(variables);
    return reports[0]!.values;
  };
  const [none, some] = [await run(0), await run(0.5)];
  assert.ok(Math.abs(none["loss"]! - none["validation"]!) < 1e-4);
  assert.ok(Math.abs(some["validation"]! - none["validation"]!) < 1e-4);
  // Three layers, each at least 1 and near it while routers are nearly even.
  const added = (some["loss"]! - none["loss"]!) / 0.5;
  assert.ok(added >= 3 - 1e-3 && added < 3.5, `${added}`);
});
