// The training loop: accumulation, stops, repeatability, memory.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import { disposeWeights, type HostWeights, initialWeights, toHost, toVariables } from "../../lib/model/mod.ts";
import {
  pretrainFlops,
  pretraining,
  type StepReport,
  train,
  type TrainConfig,
  trainConfigSchema,
  TrainingError,
  type TrainResult,
  type TrainTask,
} from "../../lib/train/mod.ts";
import type { ValidationBatch } from "../../lib/train/validation.ts";
import { deviceTest } from "../backends.ts";
import { bigWeights, randomBatch, TINY } from "../tiny.ts";
import { splitBatch } from "../../lib/train/step.ts";

const CONFIG = { ...TINY, layers: 1 };

interface Outcome {
  readonly result: TrainResult;
  readonly reports: readonly StepReport[];
  readonly weights: HostWeights;
}

/** Pretrains a decoder for a few steps on random batches. */
async function pretrain(
  changes: Partial<TrainConfig>,
  { start = initialWeights(CONFIG, 1), ...extra }: { start?: HostWeights } & Partial<TrainTask> = {},
  validation: readonly ValidationBatch[] = [randomBatch(2, 8, 1000)],
): Promise<Outcome> {
  const config = trainConfigSchema.parse({ steps: 4, batch: 4, warmup: 1, lr: 0.01, ...changes });
  const variables = toVariables(start);
  const reports: StepReport[] = [];
  const task = pretraining(CONFIG, variables, {
    config,
    batchAt: (step) => randomBatch(config.batch, 8, step),
    onStep: (report) => reports.push(report),
    validation,
  });
  try {
    const result = await train({ ...task, ...extra });
    return { result, reports, weights: await toHost(variables) };
  } finally {
    disposeWeights(variables);
  }
}

deviceTest("`train()` gives the same bytes for the same seed, and reports every step", async () => {
  const first = await pretrain({});
  const second = await pretrain({});
  assert.equal(hashTensors(second.weights), hashTensors(first.weights));
  assert.notEqual(hashTensors(first.weights), hashTensors(initialWeights(CONFIG, 1)));
  assert.deepEqual(first.reports.map(({ step }) => step), [1, 2, 3, 4]);
  assert.deepEqual(first.reports.map(({ values }) => values["tokens"]), [32, 64, 96, 128]);
  const { seconds, ...result } = first.result;
  assert.ok(seconds > 0);
  assert.deepEqual(
    result,
    {
      steps: 4,
      tokens: 128,
      flops: 128 * pretrainFlops(CONFIG),
      loss: first.reports[3]!.values["loss"],
      validation: first.reports[3]!.values["validation"],
    },
  );
  for (const { values } of first.reports) {
    for (const [name, value] of Object.entries(values)) assert.ok(Number.isFinite(value), name);
  }
  // At the start nothing is known: log(vocabulary).
  assert.ok(Math.abs(first.reports[0]!.values["loss"]! - Math.log(CONFIG.vocabSize)) < 0.05);
});

deviceTest("`train()` ends with the same weights however often it validates", async () => {
  const never = await pretrain({}, {}, []);
  const always = await pretrain({ validateEvery: 1 });
  const last = await pretrain({ validateEvery: 50 });
  assert.equal(hashTensors(always.weights), hashTensors(never.weights));
  assert.equal(hashTensors(last.weights), hashTensors(never.weights));
  const validated = ({ reports }: Outcome) => reports.map(({ values }) => "validation" in values);
  assert.deepEqual(validated(never), [false, false, false, false]);
  assert.deepEqual(validated(always), [true, true, true, true]);
  assert.deepEqual(validated(last), [false, false, false, true]);
  assert.equal(never.result.validation, null);
  assert.equal(last.result.validation, always.result.validation);
});

deviceTest("`train()` reports the validation loss of each domain when there are several", async () => {
  const batch = (seed: number, domain: string, weight: number) => ({ ...randomBatch(2, 8, seed), domain, weight });
  const { reports } = await pretrain({ validateEvery: 2 }, {}, [batch(1, "english", 0.75), batch(2, "code", 0.25)]);
  for (const { step, values } of reports) {
    const [mean, english, code] = [values["validation"], values["validation/english"], values["validation/code"]];
    if (step % 2 === 1) assert.deepEqual([mean, english, code], [undefined, undefined, undefined]);
    else assert.ok(Math.abs(mean! - (0.75 * english! + 0.25 * code!)) < 1e-6);
  }
  const { reports: alone } = await pretrain({ validateEvery: 2 }, {}, [batch(1, "english", 1)]);
  assert.ok("validation" in alone[1]!.values && !("validation/english" in alone[1]!.values));
});

deviceTest("`train()` with accumulation is the full batch", async () => {
  // Large weights and ε, so that rounding is not blown up where a gradient is nearly zero.
  const settings = { steps: 3, lr: 0.003, epsilon: 1e-3 };
  const start = bigWeights(CONFIG, 1);
  const full = await pretrain(settings, { start });
  for (const accumulate of [2, 4]) {
    const parts = await pretrain({ ...settings, accumulate }, { start });
    parts.reports.forEach(({ values }, i) => {
      const wanted = full.reports[i]!.values;
      for (const name of ["loss", "gradientNorm"]) {
        assert.ok(Math.abs(values[name]! / wanted[name]! - 1) < 1e-4, `${name}: ${values[name]}, not ${wanted[name]}`);
      }
    });
    for (const [name, { data }] of Object.entries(parts.weights)) {
      data.forEach((value, i) => assert.ok(Math.abs(value - full.weights[name]!.data[i]!) < 2e-5, `${name}[${i}]`));
    }
  }
});

Deno.test("`trainConfigSchema` and `splitBatch()` refuse a batch that is not a multiple of its parts", () => {
  const parsed = trainConfigSchema.safeParse({ batch: 4, accumulate: 3 });
  assert.deepEqual(parsed.error?.issues.map(({ path }) => path), [["accumulate"]]);
  assert.throws(
    () => splitBatch(randomBatch(4, 2, 1), 3),
    (error) => error instanceof UserError && error.code === "train.accumulate" && /4 into 3/.test(error.message),
  );
});

deviceTest("`train()` stops with a `TrainingError` at the step whose loss is not a number", async () => {
  const reports: StepReport[] = [];
  const variables = { x: tf.variable(tf.scalar(2)) };
  const config = trainConfigSchema.parse({ steps: 5, batch: 1 });
  const task: TrainTask = {
    config,
    parameters: variables,
    batchAt: (step) => randomBatch(1, 2, step),
    loss: (_batch, _prepared, step) => tf.mul(variables.x, step === 3 ? NaN : 1).asScalar(),
    onStep: (report) => reports.push(report),
  };
  await assert.rejects(
    train(task),
    (error) => error instanceof TrainingError && /NaN/.test(error.message) && /step 3/.test(error.message),
  );
  assert.deepEqual(reports.map(({ step }) => step), [1, 2]);
  tf.dispose(variables);
});

deviceTest("`train()` stops with a `TrainingError` when only the gradients are not finite", async () => {
  // √x at 0: the loss is 0, the slope infinite. The last step must not pass for a good one.
  const variables = { x: tf.variable(tf.scalar(0)) };
  const config = trainConfigSchema.parse({ steps: 1, batch: 1 });
  const task: TrainTask = {
    config,
    parameters: variables,
    batchAt: (step) => randomBatch(1, 2, step),
    loss: () => tf.sqrt(variables.x).asScalar(),
  };
  await assert.rejects(
    train(task),
    (error) => error instanceof TrainingError && /^The gradient norm is \S+ at step 1 \(loss 0,/.test(error.message),
  );
  tf.dispose(variables);
});

deviceTest("`train()` stops between steps when its signal is aborted, with the signal's reason", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const steps: number[] = [];
  const before = tf.memory().numTensors;
  await assert.rejects(
    pretrain({ steps: 50 }, {
      signal: controller.signal,
      onStep: ({ step }) => {
        steps.push(step);
        if (step === 2) setTimeout(() => controller.abort(reason)); // from outside: the loop lets timers have their turn
      },
    }),
    (error) => error === reason,
  );
  assert.ok(steps.length >= 2 && steps.length < 50, `${steps.length} steps`);
  assert.equal(tf.memory().numTensors, before, "tensors left behind");
});

deviceTest("`train()` keeps no tensors: the count is flat over 50 steps and zero at the end", async () => {
  const counts: number[] = [];
  const before = tf.memory().numTensors;
  await pretrain({ steps: 50, batch: 2, accumulate: 2, validateEvery: 7 }, {
    onStep: () => void counts.push(tf.memory().numTensors),
  });
  assert.equal(counts.length, 50);
  assert.deepEqual([...new Set(counts)], [counts[0]]);
  assert.equal(tf.memory().numTensors, before);
});

deviceTest("`pretraining()` over-fits one repeated sequence, and never across documents", async () => {
  const batch = randomBatch(1, 8, 5);
  const once = await pretrain({ steps: 60, batch: 1, lr: 0.02, weightDecay: 0 }, { batchAt: () => batch }, [batch]);
  assert.ok(once.result.loss < 0.05, `loss ${once.result.loss}`);
  assert.ok(once.result.validation! <= once.result.loss);
  // Every token a document of its own: with two successors to one token, nothing can tell them apart.
  const inputs = Int32Array.from([1, 2, 1, 3, 1, 2, 1, 3]);
  const targets = Int32Array.from([2, 1, 3, 1, 2, 1, 3, 1]);
  const torn = { batch: 1, time: 8, inputs, targets, documents: Int32Array.from({ length: 8 }, (_, i) => i) };
  const whole = { ...torn, documents: new Int32Array(8) };
  const settings = { steps: 60, batch: 1, lr: 0.02, weightDecay: 0 };
  const apart = await pretrain(settings, { batchAt: () => torn }, []);
  const together = await pretrain(settings, { batchAt: () => whole }, []);
  assert.ok(apart.result.loss > Math.log(2) / 2 - 0.01, `loss ${apart.result.loss}`); // half the tokens: one of two
  assert.ok(together.result.loss < 0.1, `loss ${together.result.loss}`);
});
