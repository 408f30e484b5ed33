// Times one training step, pretraining or stitching, on random tokens; prints one JSON line.
//
//   deno run -A bench/train.ts --job pretrain|stitch --shape tiny|small|base|135m|smollm
//     [--device auto|webgpu|cpu|reference] [--threads N] [--steps N] [--profile]
//     [--products amx|avx512|avx2|blas|wasm] [--blas off] [--json]
//     [--width d] [--layers L] [--context T] [--inner N] [--batch N] [--experts n] [--stitches K]   in place of the shape's
import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import {
  checkModelConfig,
  headLoss,
  hiddenStates,
  initialWeights,
  type ModelConfig,
  toVariables,
} from "../lib/model/mod.ts";
import { random } from "../lib/random.ts";
import {
  beforeFirstStitch,
  freezeModels,
  initialStitches,
  placeStitches,
  stitchConfigSchema,
  stitchModels,
  throughStitches,
} from "../lib/stitch/mod.ts";
import {
  adamW,
  type AdamWSlot,
  type DeviceName,
  type DeviceOptions,
  DEVICES,
  openDevice,
  variableGradients,
} from "../lib/tensor/mod.ts";
import { finishJobs } from "./finish.ts";
import { productsOf, readChoices, readCount, readCountOr, readFlags } from "./flags.ts";
import { EXPERTS, type ShapeName, shapes } from "./shapes.ts";
import { unreadWeights } from "./weights.ts";

const flags = readFlags(import.meta.url, {
  job: { type: "string", default: "pretrain" },
  shape: { type: "string", default: "tiny" },
  device: { type: "string", default: "auto" },
  threads: { type: "string" },
  steps: { type: "string", default: "10" },
  profile: { type: "boolean", default: false },
  blas: { type: "string", default: "on" },
  products: { type: "string" },
  json: { type: "boolean", default: false }, // as it is: for torch_reference.py's sake
  width: { type: "string" },
  layers: { type: "string" },
  context: { type: "string" },
  inner: { type: "string" },
  batch: { type: "string" },
  experts: { type: "string" },
  stitches: { type: "string" },
});
readChoices("--job", flags.job, ["pretrain", "stitch"]);
readChoices("--shape", flags.shape, Object.keys(shapes));
readCount("--steps", flags.steps);

readChoices("--device", flags.device, DEVICES);

const threads = flags.threads === undefined ? {} : { threads: readCount("--threads", flags.threads) };
const options: DeviceOptions = { ...productsOf(flags), ...threads };
const device = await openDevice(flags.device as DeviceName, options);
const chosen = shapes[flags.shape as ShapeName];
const config: ModelConfig = {
  ...chosen.config,
  width: readCountOr("--width", flags.width, chosen.config.width),
  layers: readCountOr("--layers", flags.layers, chosen.config.layers),
  contextLength: readCountOr("--context", flags.context, chosen.config.contextLength),
  inner: readCountOr("--inner", flags.inner, chosen.config.inner),
};
checkModelConfig(config);
const batch = readCountOr("--batch", flags.batch, chosen.batch);
const stitches = readCountOr("--stitches", flags.stitches, chosen.stitches);
const expertCount = readCountOr("--experts", flags.experts, EXPERTS);
const tokens = batch * config.contextLength;
const stream = random(0, "bench");
const ids = () => Int32Array.from({ length: tokens }, () => stream.int(config.vocabSize));
const inputs = tf.tensor2d(ids(), [batch, config.contextLength], "int32");
const targets = tf.tensor2d(ids(), [batch, config.contextLength], "int32");

const { parameters, prepare, loss } = flags.job === "stitch" ? stitchJob() : pretrainJob();
const slots = Object.values(parameters).map((parameter): AdamWSlot => {
  const moment = () => tf.tidy(() => tf.variable(tf.zeros(parameter.shape)));
  return { parameter, m: moment(), v: moment(), decay: parameter.rank > 1 ? 0.1 : 0 };
});

interface Job {
  readonly parameters: Readonly<Record<string, tf.Variable>>;
  prepare(): tf.Tensor[];
  loss(prepared: tf.Tensor[], step: number): tf.Scalar;
}

function pretrainJob(): Job {
  const parameters = toVariables(initialWeights(config, 1));
  return {
    parameters,
    prepare: () => [],
    loss: () => headLoss(config, parameters, hiddenStates(config, parameters, inputs), targets),
  };
}

function stitchJob(): Job {
  const stitch = stitchConfigSchema.parse({ count: stitches });
  const size = { stitches: placeStitches(stitch, config.layers).length, experts: expertCount, width: config.width };
  const parameters = toVariables(initialStitches(stitch, size, 1));
  const models = Array.from({ length: expertCount + 1 }, (_, i) => unreadWeights(config, i));
  const frozen = freezeModels(config, stitch, models);
  const model = stitchModels({ config, stitch, ...frozen, stitches: parameters });
  return {
    parameters,
    prepare: () => beforeFirstStitch(model, inputs),
    loss: (prepared, step) =>
      headLoss(
        config,
        model.hub,
        throughStitches(model, prepared as tf.Tensor3D[], { dropoutSeed: step }),
        targets,
      ),
  };
}

let count = 0;
async function step(): Promise<number> {
  const started = performance.now();
  count++;
  const value = tf.tidy(() => {
    const prepared = prepare();
    const list = slots.map((slot) => slot.parameter);
    const { value, gradients } = variableGradients(() => loss(prepared, count), list);
    adamW(slots, gradients, {
      learningRate: 1e-3,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      clipNorm: 1,
      step: count,
    });
    return value;
  });
  await value.data();
  value.dispose();
  return performance.now() - started;
}

for (let i = 0; i < 3; i++) await step();
const times: number[] = [];
const before = process.cpuUsage();
for (let i = 0; i < Number(flags.steps); i++) times.push(await step());
const { user, system } = process.cpuUsage(before);
times.sort((a, b) => a - b);
const median = times[times.length >> 1]!;
console.log(JSON.stringify({
  job: flags.job,
  shape: flags.shape,
  device: device.name,
  tokens_per_s: Math.round(tokens / median * 1e4) / 10,
  ms_per_step: Math.round(median * 100) / 100,
  fastest_ms: Math.round(times[0]! * 100) / 100,
  cpu_ms_per_step: Math.round((user + system) / 10 / times.length) / 100,
  threads: device.threads,
  trained: slots.reduce((sum, { parameter }) => sum + parameter.size, 0),
  description: device.description,
  heap: device.heapBytes(),
  peak_mib: peakMebibytes(),
}));
if (flags.profile) await profile();
await device.close();

/** Most memory that the process has had, where the system tells. */
function peakMebibytes(): number | undefined {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"));
    return line === null ? undefined : Math.round(Number(line[1]) / 1024);
  } catch {
    return undefined;
  }
}

/** Milliseconds and calls of each kernel in five steps: the kernels' own, without what tfjs does around them. */
async function profile(): Promise<void> {
  const sums = new Map<string, { ms: number; calls: number }>();
  for (const kernel of tf.getKernelsForBackend(tf.getBackend())) {
    const run = kernel.kernelFunc;
    kernel.kernelFunc = (call) => {
      const started = performance.now();
      const result = run(call);
      finishJobs();
      const sum = sums.get(kernel.kernelName) ?? { ms: 0, calls: 0 };
      sums.set(kernel.kernelName, { ms: sum.ms + performance.now() - started, calls: sum.calls + 1 });
      return result;
    };
  }
  const started = performance.now();
  for (let i = 0; i < 5; i++) await step();
  const total = (performance.now() - started) / 5;
  const rows = [...sums].sort((a, b) => b[1].ms - a[1].ms);
  for (const [name, { ms, calls }] of rows) {
    console.log(`${(ms / 5).toFixed(3).padStart(9)} ms ${String(calls / 5).padStart(5)} × ${name}`);
  }
  console.log(`${total.toFixed(3).padStart(9)} ms a step`);
}
