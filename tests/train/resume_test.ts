// Training that is interrupted anywhere and resumed: the same weights, bit for bit, and the same curve.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { hashTensors, readSafetensorsHeader } from "../../lib/huggingface/mod.ts";
import { disposeWeights, initialWeights, toDevice, toHost, toVariables } from "../../lib/model/mod.ts";
import { initialStitches, stitchModels } from "../../lib/stitch/mod.ts";
import { heapBytes, openDevice } from "../../lib/tensor/mod.ts";
import {
  type PhaseOptions,
  pretraining,
  readTrainState,
  type StepMonitor,
  type StepReport,
  stitching,
  train,
  type TrainConfig,
  trainConfigSchema,
  type TrainState,
  type TrainTask,
  writeTrainState,
} from "../../lib/train/mod.ts";
import { deviceTest } from "../backends.ts";
import { bigWeights, randomBatch, stitchConfig, TINY } from "../tiny.ts";
import { restoreSnapshot } from "../../lib/train/snapshot.ts";

const CONFIG = trainConfigSchema.parse({ steps: 12, batch: 4, accumulate: 2, warmup: 2, lr: 0.01, validateEvery: 5 });

interface Outcome {
  readonly hash: string;
  readonly reports: readonly StepReport[];
  readonly result: object;
}

/** Values of a report that do not depend on the machine's speed. */
const timeless = ({ step, values }: StepReport) => {
  const { tokensPerSecond: _, ...rest } = values;
  return { step, values: rest };
};

type MakeTask = (options: PhaseOptions) => { task: TrainTask; dispose(): void };

const decoder: MakeTask = (options) => {
  const variables = toVariables(initialWeights(TINY, 1));
  return { task: pretraining(TINY, variables, options), dispose: () => disposeWeights(variables) };
};

/** With dropout on the gates, whose random numbers must go on where they were. */
const stitched: MakeTask = (options) => {
  const [hub, ...experts] = [1, 2, 3].map((seed) => toDevice(bigWeights(TINY, seed)));
  const stitch = stitchConfig({ dropout: 0.3 });
  const size = { stitches: stitch.count, experts: 2, width: TINY.width };
  const variables = toVariables(initialStitches(stitch, size, 1));
  const model = stitchModels({ config: TINY, stitch, hub: hub!, experts, stitches: variables });
  return {
    task: stitching(model, variables, 3, options),
    dispose: () => [variables, hub!, ...experts].forEach(disposeWeights),
  };
};

/** Trains; stopped after `stops` steps (each time), the state goes through files to a training that begins from nothing. */
async function run(
  make: MakeTask,
  stops: readonly number[],
  { config = CONFIG, monitor = () => undefined, within }: {
    readonly config?: TrainConfig;
    readonly monitor?: () => StepMonitor | undefined;
    /** Stops in the middle of the next step's gradients, or of the validation of the step itself. */
    readonly within?: "gradients" | "validation";
  } = {},
): Promise<Outcome> {
  const reports = new Map<number, StepReport>();
  let last: TrainState | undefined;
  for (const stop of [...stops, Infinity]) {
    const controller = new AbortController();
    const folder = await Deno.makeTempDir();
    const judge = monitor();
    const { task, dispose } = make({
      config,
      batchAt: (position) => randomBatch(4, 8, position),
      validation: [randomBatch(2, 8, 1000)],
      onStep: (report) => {
        reports.set(report.step, report);
        if (report.step === stop && within === undefined) controller.abort(new Error("Stopped"));
      },
      onRewind: ({ to }) => {
        for (const step of reports.keys()) if (step > to) reports.delete(step);
      },
      ...(judge === undefined ? {} : { monitor: judge }),
      signal: controller.signal,
      checkpoints: {
        ...(last === undefined ? {} : { last }),
        due: () => false,
        save: (state) => writeTrainState(folder, state, config, 1),
      },
    });
    try {
      const loss: TrainTask["loss"] = (batch, prepared, step, part) => {
        const value = task.loss(batch, prepared, step, part);
        if (within === "gradients" && step === stop + 1 && part === 1) controller.abort(new Error("Stopped"));
        return value;
      };
      const validate = async () => {
        const validation = await task.validate!();
        if (within === "validation" && reports.size === stop - 1) {
          controller.abort(new Error("Stopped"));
          await task.validate!();
        }
        return validation;
      };
      const { seconds: _, ...result } = await train({ ...task, loss, validate });
      return { hash: hashTensors(await toHost(task.parameters)), reports: [...reports.values()], result };
    } catch (error) {
      if (error !== controller.signal.reason) throw error;
      last = await readTrainState(folder);
      assert.equal(last.now.progress.step, stop);
    } finally {
      dispose();
      await Deno.remove(folder, { recursive: true });
    }
  }
  throw new Error("Never finished");
}

for (const [name, make] of [["pretraining", decoder], ["stitching", stitched]] as const) {
  deviceTest(
    `\`train()\` of ${name} ends with the same bytes and curve wherever it was interrupted`,
    async ({ name }) => {
      const whole = await run(make, []);
      assert.equal(whole.reports.length, 12);
      // The reference takes long, and goes through the same code.
      for (const stops of name === "cpu" ? [[1], [5], [11], [3, 4, 9]] : [[3, 7]]) {
        const pieces = await run(make, stops);
        assert.equal(pieces.hash, whole.hash, `stopped after ${stops}`);
        assert.deepEqual(pieces.reports.map(timeless), whole.reports.map(timeless));
        assert.deepEqual(pieces.result, whole.result);
      }
    },
  );
}

Deno.test("`train()` stopped in the middle of a validation keeps the step, and validates and reports it when resumed", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  try {
    for (const make of [decoder, stitched]) {
      const whole = await run(make, []);
      const pieces = await run(make, [5, 10], { within: "validation" });
      assert.equal(pieces.hash, whole.hash);
      assert.deepEqual(pieces.reports.map(timeless), whole.reports.map(timeless));
      assert.deepEqual(pieces.result, whole.result);
      // Its last step is the one that is not reported yet.
      const ended = await run(make, [12], { within: "validation" });
      assert.deepEqual(ended.reports.map(timeless), whole.reports.map(timeless));
      assert.deepEqual(ended.result, whole.result);
    }
  } finally {
    await device.close();
  }
});

Deno.test("`train()` stopped in the middle of a step keeps the state before it, leaks nothing, and resumes exactly", async () => {
  const device = await openDevice("cpu", { threads: 2 });
  try {
    for (const make of [decoder, stitched]) {
      const whole = await run(make, []);
      const before = [heapBytes()!.used, tf.memory().numTensors];
      const pieces = await run(make, [3, 7], { within: "gradients" });
      assert.deepEqual([heapBytes()!.used, tf.memory().numTensors], before);
      assert.equal(pieces.hash, whole.hash);
      assert.deepEqual(pieces.reports.map(timeless), whole.reports.map(timeless));
    }
  } finally {
    await device.close();
  }
});

/** Skips step 4, and goes back from steps 7 and 10 once each. */
function moody(): StepMonitor {
  let rewinds: number[] = [];
  return {
    reach: 3,
    judge({ step }) {
      if (step === 4) return { kind: "skip" };
      if ((step === 7 || step === 10) && !rewinds.includes(step)) {
        rewinds.push(step);
        return { kind: "rewind", steps: 2 };
      }
      return { kind: "update" };
    },
    state: () => rewinds,
    restore: (state) => rewinds = [...state as number[]],
  };
}

deviceTest(
  "`train()` with a monitor that skips and goes back ends with the same bytes wherever it was interrupted",
  async ({ name }) => {
    const calm = await run(decoder, []);
    const whole = await run(decoder, [], { monitor: moody });
    assert.notEqual(whole.hash, calm.hash);
    assert.deepEqual(whole.reports.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert.ok(!("gradientNorm" in whole.reports[3]!.values), "the skipped step has no update");
    for (const stops of name === "cpu" ? [[2], [5], [6], [8, 9]] : [[5, 8]]) {
      const pieces = await run(decoder, stops, { monitor: moody });
      assert.equal(pieces.hash, whole.hash, `stopped after ${stops}`);
      assert.deepEqual(pieces.reports.map(timeless), whole.reports.map(timeless));
    }
  },
);

deviceTest("`train()` passes over the batches that a monitor went back from", async () => {
  const positions: number[] = [];
  const variables = toVariables(initialWeights(TINY, 1));
  const task = pretraining(TINY, variables, {
    config: trainConfigSchema.parse({ ...CONFIG, steps: 8 }),
    batchAt: (position) => (positions.push(position), randomBatch(4, 8, position)),
    validation: [],
    monitor: moody(),
  });
  await train(task);
  disposeWeights(variables);
  // Snapshots are of 0, 3 and 6 steps: two back from 7 is 3.
  assert.deepEqual(positions, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});

deviceTest("`train()` leaves the weights alone when a judged loss is not a number", async () => {
  const variables = { x: tf.variable(tf.scalar(2)) };
  const task: TrainTask = {
    config: trainConfigSchema.parse({ steps: 5, batch: 1 }),
    parameters: variables,
    batchAt: (position) => randomBatch(1, 2, position),
    loss: () => tf.mul(variables.x, NaN).asScalar(),
    monitor: { reach: 0, judge: () => ({ kind: "update" }) },
  };
  await assert.rejects(train(task), { code: "train.diverged" });
  assert.equal((await variables.x.data())[0], 2);
  tf.dispose(variables);
});

deviceTest("`train()` keeps no tensors and no bytes over 300 steps with checkpoints and validation", async (device) => {
  const counts: number[] = [];
  const bytes: (number | undefined)[] = [];
  const before = tf.memory().numTensors;
  const variables = toVariables(initialWeights({ ...TINY, layers: 1 }, 1));
  const task = pretraining({ ...TINY, layers: 1 }, variables, {
    config: trainConfigSchema.parse({ steps: 300, batch: 1, warmup: 2, lr: 0.01, validateEvery: 60 }),
    batchAt: (position) => randomBatch(1, 4, position),
    validation: [randomBatch(1, 4, 1000)],
    checkpoints: { due: ({ step }) => step % 100 === 0, save: () => Promise.resolve() },
    onStep: ({ step }) => {
      if (step < 61) return;
      counts.push(tf.memory().numTensors);
      bytes.push(heapBytes()?.used);
    },
  });
  await train(task);
  disposeWeights(variables);
  assert.deepEqual([...new Set(counts)], [counts[0]]);
  if (device.name === "cpu") assert.deepEqual([...new Set(bytes)], [bytes[0]]);
  assert.equal(tf.memory().numTensors, before);
});

Deno.test("A training checkpoint holds weights under their own names, both moments, and the rest as JSON", async () => {
  const folder = await Deno.makeTempDir();
  const make = (step: number) => ({
    progress: {
      step,
      position: step + 2,
      tokens: 10 * step,
      flops: 1e12,
      seconds: 1.5,
      loss: 0.1 + 0.2,
      validation: null,
      best: { step: 1, validation: 1 / 3 },
    },
    parameters: initialWeights(TINY, step),
    m: bigWeights(TINY, step),
    v: bigWeights(TINY, step + 1),
  });
  const state: TrainState = { now: make(7), earlier: [make(3), make(6)], monitor: { seen: [1, 2] } };
  await writeTrainState(folder, state, CONFIG, 5);
  assert.deepEqual(await readTrainState(folder), state);
  const { tensors } = await readSafetensorsHeader(`${folder}/model.safetensors`);
  assert.deepEqual([...tensors.keys()].sort(), Object.keys(initialWeights(TINY, 1)).sort());
  const { random, schedule } = JSON.parse(await Deno.readTextFile(`${folder}/state.json`));
  assert.deepEqual(random, { seed: 5, counter: 7 });
  assert.equal(schedule.steps, 12);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("`restoreSnapshot()` refuses a snapshot of other parameters", () => {
  const empty = { progress: { step: 0 } as never, parameters: {}, m: {}, v: {} };
  const x = { x: { shape: [1], data: new Float32Array(1) } };
  assert.throws(
    () =>
      restoreSnapshot({ names: [], slots: [], update: () => tf.scalar(0), dispose() {} }, { ...empty, parameters: x }),
    /Cannot restore a snapshot of "x" into ""/,
  );
});
