// What logging and checkpoints cost: training steps with and without, by turns, in one process; prints one JSON line.
//
//   deno run -A bench/overhead.ts [--shape small] [--steps 40] [--checkpoints 3] [--device auto] [--threads N]
//
// Every second step is logged as in a run (event log with checksums, terminal); the call itself is timed too, for on a
// busy machine two steps differ by more than it takes. Checkpoints are kept as in a cell, fsync and reading back
// included, and their time is spread over the interval that the default schedule leaves between them.
import { z } from "zod";
import { terminalView, withRun } from "../lib/run/mod.ts";
import { initialWeights, toVariables } from "../lib/model/mod.ts";
import { random } from "../lib/random.ts";
import { type DeviceName, openDevice } from "../lib/tensor/mod.ts";
import {
  checkpointBytes,
  checkpointConfigSchema,
  checkpointSchedule,
  pretraining,
  train,
  trainConfigSchema,
  writeTrainState,
} from "../lib/train/mod.ts";
import { readFlags } from "./flags.ts";
import { type ShapeName, shapes } from "./shapes.ts";

const flags = readFlags(import.meta.url, {
  shape: { type: "string", default: "small" },
  steps: { type: "string", default: "40" },
  checkpoints: { type: "string", default: "3" },
  device: { type: "string", default: "auto" },
  threads: { type: "string" },
});

const threads = flags.threads === undefined ? {} : { threads: Number(flags.threads) };
const device = await openDevice(flags.device as DeviceName, threads);
const { config: model, batch } = shapes[flags.shape as ShapeName];
const [steps, saves] = [Number(flags.steps), Number(flags.checkpoints)];
const time = model.contextLength;
const config = trainConfigSchema.parse({ steps, batch, validateEvery: steps });
const size = batch * time;

function batchAt(position: number) {
  const stream = random(0, "overhead", position);
  const ids = () => Int32Array.from({ length: size }, () => stream.int(model.vocabSize));
  return { batch, time, inputs: ids(), targets: ids(), documents: new Int32Array(size) };
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
const seconds = () => performance.now() / 1000;

const folder = await Deno.makeTempDir({ prefix: "stitchbook-overhead-" });
const [bare, logged, calls, kept]: [number[], number[], number[], number[]] = [[], [], [], []];
try {
  await withRun({
    runsFolder: folder,
    experiment: "overhead",
    title: "Overhead",
    preset: flags.shape,
    seed: 1,
    device: device.description,
    config: {},
    plan: [],
    command: [],
    failure: device.failure,
    onEvent: [terminalView({ write: () => {}, live: true }).onEvent],
  }, async (run) => {
    await run.cell({
      name: "train",
      title: "Train",
      description: "",
      inputs: {},
      code: import.meta,
      output: z.null(),
    }, async (cell) => {
      let last = seconds();
      await train(pretraining(model, toVariables(initialWeights(model, 1)), {
        config,
        batchAt,
        validation: [],
        onStep({ step, values }) {
          const done = seconds();
          if (step % 2 === 0) cell.metrics(step, steps, values);
          const now = seconds();
          if (step > 4 && step % 2 === 0) calls.push(now - done);
          // The first steps pay for compiling and for memory.
          if (step > 4) (step % 2 === 0 ? logged : bare).push(now - last);
          last = now;
        },
        checkpoints: {
          due: ({ step }) => step > 4 && (step - 4) % Math.max(1, Math.floor((steps - 4) / saves)) === 0,
          async save(state) {
            const began = seconds();
            const point = { step: state.now.progress.step, score: null, bytes: checkpointBytes(state), keep: 2 };
            await cell.checkpoints.save(point, (folder) => writeTrainState(folder, state, config, 1));
            kept.push(seconds() - began);
            last = seconds();
          },
        },
      }));
      return null;
    });
    return { domains: [], measures: [], methods: {} };
  });
} finally {
  await Deno.remove(folder, { recursive: true });
  await device.close();
}

/** Seconds between two checkpoints under the default schedule, when one takes `cost`. */
function intervalOf(cost: number): number {
  let now = 0;
  const schedule = checkpointSchedule(checkpointConfigSchema.parse({}), () => now);
  schedule.saved(cost);
  const progress = { step: 1 } as Parameters<typeof schedule.due>[0];
  while (!schedule.due(progress)) now += 0.1;
  return now;
}

const [step, withLog, call, checkpoint] = [bare, logged, calls, kept].map(median) as [number, number, number, number];
const logging = call / step;
const checkpoints = checkpoint / intervalOf(checkpoint);
console.log(JSON.stringify({
  shape: flags.shape,
  device: device.description,
  steps: bare.length + logged.length,
  milliseconds: { step: 1000 * step, logged: 1000 * withLog, logging: 1000 * call, checkpoint: 1000 * checkpoint },
  secondsBetweenCheckpoints: intervalOf(checkpoint),
  share: { logging, checkpoints, total: logging + checkpoints },
}));
