// What skipping experts saves: milliseconds of processor time per generated token of a stitched model with random weights,
// by the number of experts that do not rest. Other work on the machine counts little.
//
//   deno task bench:skipping [--shapes tiny,small] [--experts 8] [--rounds 5] [--tokens 12]
//
// Weights are packed, as for inference, and one thread computes. All experts read a prompt of 32 tokens; then some rest,
// spread over the stack. Rounds alternate; the median is shown, and the ratio
// to running all.
import { cpuUsage } from "node:process";
import * as tf from "@tensorflow/tfjs";
import { initialWeights, modelConfigSchema, toDevice } from "../lib/model/mod.ts";
import { formatTable, numberColumn, textColumn } from "../lib/run/mod.ts";
import {
  freezeModels,
  initialStitches,
  stitchConfigSchema,
  stitchedLanguageModel,
  stitchModels,
  stitchSize,
} from "../lib/stitch/mod.ts";
import { openDevice, rowInvariant } from "../lib/tensor/mod.ts";
import { readChoices, readCount, readFlags } from "./flags.ts";

const SHAPES = {
  tiny: { width: 128, layers: 4, heads: 4, inner: 344 },
  small: { width: 512, layers: 8, heads: 8, inner: 1376 },
} as const;

const flags = readFlags(import.meta.url, {
  shapes: { type: "string", default: "tiny,small" },
  experts: { type: "string", default: "8" },
  rounds: { type: "string", default: "5" },
  tokens: { type: "string", default: "12" },
});
const shapes = readChoices("--shapes", flags.shapes, Object.keys(SHAPES)) as (keyof typeof SHAPES)[];
const [experts, rounds, tokens] = [
  readCount("--experts", flags.experts),
  readCount("--rounds", flags.rounds),
  readCount("--tokens", flags.tokens),
];
const PROMPT = 32;

/** Which of the experts rest so that `awake` do not: evenly spread. */
function restingBut(awake: number): number[] {
  const kept = new Set(Array.from({ length: awake }, (_, i) => 1 + Math.floor(i * experts / awake)));
  return Array.from({ length: experts }, (_, i) => i + 1).filter((expert) => !kept.has(expert));
}

interface Arm {
  readonly what: string;
  readonly awake: number;
  /** Whether gates are measured, as for texts that may skip. */
  readonly measured: boolean;
}

const halves: number[] = [];
for (let awake = Math.floor(experts / 2); awake >= 1; awake = Math.floor(awake / 2)) halves.push(awake);
const ARMS: readonly Arm[] = [
  { what: "without skipping", awake: experts, measured: false },
  ...[experts, ...halves, 0].map((awake) => ({ what: "with skipping", awake, measured: true })),
];

async function measure(shape: keyof typeof SHAPES) {
  await using _device = await openDevice("cpu", { threads: 1 });
  const { heads, ...rest } = SHAPES[shape];
  const config = modelConfigSchema.parse({ ...rest, heads, kvHeads: heads, vocabSize: 4096, contextLength: 256 });
  const stitch = stitchConfigSchema.parse({ count: 2 });
  using stitches = toDevice(initialStitches(stitch, stitchSize(stitch, config, experts), 1));
  const weights = Array.from({ length: experts + 1 }, (_, seed) => initialWeights(config, seed));
  using frozen = freezeModels(config, stitch, weights, "f32");
  const model = stitchedLanguageModel(stitchModels({ config, stitch, ...frozen, stitches }));
  const times = ARMS.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { awake, measured }] of ARMS.entries()) {
      const state = model.decodingState();
      const read = (ids: readonly number[]) =>
        tf.tidy(() => {
          const input = tf.tensor2d([[...ids]], undefined, "int32");
          const options = { last: true, ...(measured ? { demand: () => {} } : {}) };
          rowInvariant(() => model.logits(input, [state], options)).dataSync();
        });
      read(Array.from({ length: PROMPT }, (_, id) => id));
      state.rest!(restingBut(awake));
      read([1]);
      const before = cpuUsage();
      for (let token = 0; token < tokens; token++) read([token]);
      const { user, system } = cpuUsage(before);
      if (round > 0) times[i]!.push((user + system) / 1000 / tokens); // the first round warms up
      state.dispose();
    }
  }
  const medians = times.map((values) => values.toSorted((a, b) => a - b)[values.length >> 1]!);
  return ARMS.map(({ what, awake }, i) => ({ shape, what, awake, ms: medians[i]!, ratio: medians[i]! / medians[0]! }));
}

const rows = [];
for (const shape of shapes) rows.push(...await measure(shape));
console.log(formatTable({
  name: "skipping",
  title: `Processor time per token of a hub and ${experts} experts, median of ${rounds} rounds`,
  columns: [
    textColumn("shape", "shape"),
    textColumn("what", ""),
    numberColumn("awake", "experts run", 0),
    numberColumn("ms", "ms", 2),
    numberColumn("ratio", "ratio", 2),
  ],
  rows,
}));
