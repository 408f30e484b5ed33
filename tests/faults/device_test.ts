// What a run computes on fails, or the numbers do: threads that die, a GPU that is lost, a loss that is not a number.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { hashTensors } from "../../lib/huggingface/hash.ts";
import { disposeWeights, initialWeights, toHost, toVariables } from "../../lib/model/weights.ts";
import { type BeginRunOptions, withRun } from "../../lib/run/cells/run.ts";
import { readRun, runIds } from "../../lib/run/log/read.ts";
import { type Device, openDevice } from "../../lib/tensor/device.ts";
import { checkpointBytes, readTrainState, writeTrainState } from "../../lib/train/checkpoint.ts";
import type { PhaseOptions } from "../../lib/train/phase.ts";
import { pretraining } from "../../lib/train/pretraining.ts";
import { train } from "../../lib/train/loop.ts";
import { trainConfigSchema } from "../../lib/train/config.ts";
import { optionalTest } from "../optional.ts";
import { emptyResults, options, withFolder } from "../run/fixtures.ts";
import { randomBatch, TINY } from "../tiny.ts";

const CONFIG = trainConfigSchema.parse({ steps: 12, batch: 2, warmup: 2, lr: 0.01 });

interface Training {
  readonly onStep?: (step: number) => void;
  readonly batchAt?: PhaseOptions["batchAt"];
  readonly run?: Partial<BeginRunOptions>;
}

/** Trains a tiny decoder in a run, with a checkpoint of every third step; gives the hash of its weights. */
async function trainInRun(runs: string, device: Device, training: Training = {}): Promise<string> {
  const { onStep, batchAt = (position) => randomBatch(2, 8, position), run: more = {} } = training;
  let hash = "";
  await withRun(options(runs, { plan: [], failure: device.failure, ...more }), async (run) => {
    const cell = await run.cell({
      name: "train",
      title: "Train",
      description: "",
      inputs: { kind: "tiny" },
      code: import.meta,
      output: z.string(),
    }, async ({ checkpoints: { last, save }, metrics }) => {
      const variables = toVariables(initialWeights(TINY, 1));
      try {
        await train(pretraining(TINY, variables, {
          config: CONFIG,
          batchAt,
          validation: [],
          onStep: ({ step, values }) => {
            metrics(step, CONFIG.steps, values);
            onStep?.(step);
          },
          checkpoints: {
            ...(last === undefined ? {} : { last: await readTrainState(last.folder) }),
            due: ({ step }) => step % 3 === 0,
            save: (state) =>
              save(
                { step: state.now.progress.step, score: null, bytes: checkpointBytes(state), keep: 2 },
                (folder) => writeTrainState(folder, state, CONFIG, 1),
              ),
          },
        }));
        return hashTensors(await toHost(variables));
      } finally {
        disposeWeights(variables);
      }
    });
    hash = cell.value;
    return emptyResults;
  });
  return hash;
}

async function withDevice<T>(name: "cpu" | "webgpu", body: (device: Device) => Promise<T>): Promise<T> {
  const device = await openDevice(name, { threads: 2 });
  try {
    return await body(device);
  } finally {
    await device.close();
  }
}

/** Breaks the device at step 7: the run must fail with its reason, and resume from step 6 on a new device. */
async function assertSurvives(name: "cpu" | "webgpu", break_: () => void, reason: RegExp): Promise<void> {
  await withFolder(async (runs) => {
    const broken = (error: unknown) =>
      error instanceof UserError && error.code === "device.failed" && reason.test(error.message);
    const onStep = (step: number) => void (step === 7 && break_());
    await assert.rejects(withDevice(name, (device) => trainInRun(runs, device, { onStep })), broken);
    const [id] = await runIds(runs);
    const failed = (await readRun(runs, id!))!;
    assert.equal(failed.status, "failed");
    assert.match(failed.error!, reason);
    const hash = await withDevice(name, (device) => trainInRun(runs, device, { run: { continues: id! } }));
    const view = (await readRun(runs, id!))!;
    assert.equal(view.status, "done");
    assert.deepEqual(view.cells[0]!.metrics.map(({ step }) => step), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    if (name === "cpu") {
      await withFolder(async (alone) => {
        assert.equal(await withDevice(name, (device) => trainInRun(alone, device)), hash);
      });
    }
  });
}

const noSanitizers = { sanitizeResources: false, sanitizeOps: false };

Deno.test({
  name: "Fault 16: when a thread dies the run fails with the reason, and another process resumes it",
  ...noSanitizers,
  fn: () => {
    const kill = () => {
      const { machine } = tf.backend() as unknown as { machine: { workers: { terminate(): Promise<void> }[] } };
      machine.workers[0]!.terminate();
    };
    return assertSurvives("cpu", kill, /thread exited unexpectedly/);
  },
});

optionalTest(
  "vulkan",
  "Fault 15: when the GPU is lost the run fails with the reason, and another process resumes it",
  () => {
    const lose = () => (tf.backend() as unknown as { device: { destroy(): void } }).device.destroy();
    return assertSurvives("webgpu", lose, /WebGPU device was lost/);
  },
  noSanitizers,
);

Deno.test("Fault 17: a loss that is not a number ends the run, and its last good checkpoint stays", () =>
  withFolder((runs) =>
    withDevice("cpu", async (device) => {
      // The weights of the embedding are made infinite at step 8.
      const onStep = (step: number) => {
        if (step !== 7) return;
        const [parameter] = Object.values(tf.engine().state.registeredVariables);
        parameter!.assign(tf.fill(parameter!.shape, Infinity));
      };
      const diverged = (error: unknown) =>
        error instanceof UserError && error.code === "train.diverged" && /NaN at step 8/.test(error.message);
      await assert.rejects(trainInRun(runs, device, { onStep }), diverged);
      const [id] = await runIds(runs);
      const failed = (await readRun(runs, id!))!;
      assert.deepEqual([failed.status, failed.cells[0]!.status], ["failed", "failed"]);
      assert.match(failed.error!, /NaN at step 8.*\n.*learning rate/);
      const hash = await trainInRun(runs, device, { run: { continues: id! } });
      await withFolder(async (alone) => assert.equal(await trainInRun(alone, device), hash));
    })
  ));
