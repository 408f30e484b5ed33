// The contents of a training checkpoint: weights and AdamW's moments as safetensors, and everything else as JSON. The
// caller decides where the folder is and writes its manifest.
import { join } from "node:path";
import { z } from "zod";
import { readSafetensors, writeSafetensors } from "../huggingface/mod.ts";
import type { HostTensor, HostWeights } from "../model/mod.ts";
import type { TrainConfig } from "./config.ts";
import { learningRate } from "./schedule.ts";
import { progressSchema, type Snapshot } from "./snapshot.ts";
import type { TrainState } from "./task.ts";

/** The trained parameters; for a decoder, Python libraries can load this file as its weights. */
const WEIGHTS_FILE = "model.safetensors";
/** AdamW's moments: `<parameter>.m` and `<parameter>.v`. */
const OPTIMIZER_FILE = "optimizer.safetensors";
const STATE_FILE = "state.json";

const stateSchema = z.strictObject({
  progress: progressSchema,
  /** Random numbers are counter-based: the seed and the progress are the whole state. */
  random: z.strictObject({ seed: z.number(), counter: z.int() }),
  /** For readers of the file only: the schedule follows from the configuration and the step. */
  schedule: z.strictObject({
    steps: z.int(),
    lr: z.number(),
    warmup: z.int(),
    floor: z.number(),
    /** Learning rate of the last step; null before the first. */
    learningRate: z.number().nullable(),
  }),
  earlier: z.array(progressSchema),
  monitor: z.json(),
});

/** Approximate size of a checkpoint in bytes: parameters and two moments in float32, for each snapshot. */
export function checkpointBytes({ now, earlier }: TrainState): number {
  const floats = Object.values(now.parameters).reduce((sum, { data }) => sum + data.length, 0);
  return 3 * 4 * floats * (1 + earlier.length);
}

/** Writes a state into a folder. */
export async function writeTrainState(
  folder: string,
  state: TrainState,
  config: TrainConfig,
  rngSeed: number,
): Promise<void> {
  const { now: { progress }, earlier, monitor } = state;
  await writeSnapshot(folder, state.now);
  for (const [i, snapshot] of earlier.entries()) {
    await Deno.mkdir(earlierFolder(folder, i));
    await writeSnapshot(earlierFolder(folder, i), snapshot);
  }
  const { steps, lr, warmup, floor } = config;
  const rate = progress.step === 0 ? null : learningRate(config, progress.step);
  const json = stateSchema.parse({
    progress,
    random: { seed: rngSeed, counter: progress.step },
    schedule: { steps, lr, warmup, floor, learningRate: rate },
    earlier: earlier.map(({ progress }) => progress),
    monitor: monitor ?? null,
  });
  await Deno.writeTextFile(join(folder, STATE_FILE), JSON.stringify(json, null, 2) + "\n");
}

/** Reads a state that {@linkcode writeTrainState} wrote, bit for bit. */
export async function readTrainState(folder: string): Promise<TrainState> {
  const { progress, earlier, monitor } = stateSchema.parse(
    JSON.parse(await Deno.readTextFile(join(folder, STATE_FILE))),
  );
  const snapshots: Snapshot[] = [];
  for (const [i, before] of earlier.entries()) snapshots.push(await readSnapshot(earlierFolder(folder, i), before));
  return { now: await readSnapshot(folder, progress), earlier: snapshots, monitor: monitor ?? undefined };
}

const earlierFolder = (folder: string, i: number) => join(folder, `earlier-${i + 1}`);

async function writeSnapshot(folder: string, { parameters, m, v }: Snapshot): Promise<void> {
  const moments = (weights: HostWeights, end: string) =>
    Object.entries(weights).map(([name, tensor]): [string, HostTensor] => [`${name}.${end}`, tensor]);
  await writeSafetensors(join(folder, WEIGHTS_FILE), parameters, { format: "pt" });
  await writeSafetensors(join(folder, OPTIMIZER_FILE), Object.fromEntries([...moments(m, "m"), ...moments(v, "v")]));
}

async function readSnapshot(folder: string, progress: Snapshot["progress"]): Promise<Snapshot> {
  const parameters = Object.fromEntries(await floats(join(folder, WEIGHTS_FILE)));
  const [m, v]: [Record<string, HostTensor>, Record<string, HostTensor>] = [{}, {}];
  for (const [name, tensor] of await floats(join(folder, OPTIMIZER_FILE))) {
    (name.endsWith(".m") ? m : v)[name.slice(0, -2)] = tensor;
  }
  return { progress, parameters, m, v };
}

async function floats(path: string): Promise<[string, HostTensor][]> {
  return [...(await readSafetensors(path)).tensors].map(([name, { shape, data }]) => {
    if (!(data instanceof Float32Array)) throw new Error(`${path}: "${name}" is not of float32 numbers`);
    return [name, { shape, data }];
  });
}
