// Peak memory of work on large models with random weights, each in a process of its own; prints one JSON line.
//
//   deno run -A bench/memory.ts --case train|stitch|load
//     [--width d] [--layers L] [--inner N] [--heads H] [--kv G] [--vocab V]   the model's shape; by default SmolLM2-135M's
//     [--batch N] [--context T] [--experts n] [--frozen half] [--recompute] [--steps N] [--threads N]
//     [--memory GiB]   most that tensors may take
//     [--dtype BF16|F16|F32] [--folder path]   for load: the checkpoint is made there, and removed unless it existed
//
// `load` writes a checkpoint in another process, then puts it on the device and computes the logits of one sequence.
import * as tf from "@tensorflow/tfjs";
import { encodeWeights, loadOnDevice, writeWeightFiles } from "../lib/huggingface/mod.ts";
import {
  checkModelConfig,
  decoder,
  headLoss,
  hiddenStates,
  type HostWeights,
  type ModelConfig,
  modelConfigSchema,
  parameterCount,
  toVariables,
  weightShapes,
} from "../lib/model/mod.ts";
import {
  beforeFirstStitch,
  freezeModels,
  initialStitches,
  placeStitches,
  stitchConfigSchema,
  stitchModels,
  throughStitches,
} from "../lib/stitch/mod.ts";
import { adamW, type AdamWSlot, openDevice, variableGradients } from "../lib/tensor/mod.ts";
import { readChoices, readCount, readCountOr, readFlags } from "./flags.ts";
import { fillFast, unreadWeights } from "./weights.ts";

const flags = readFlags(import.meta.url, {
  case: { type: "string", default: "train" },
  width: { type: "string" },
  layers: { type: "string" },
  inner: { type: "string" },
  heads: { type: "string" },
  kv: { type: "string" },
  vocab: { type: "string" },
  batch: { type: "string", default: "2" },
  context: { type: "string", default: "256" },
  experts: { type: "string", default: "3" },
  frozen: { type: "string", default: "float32" },
  recompute: { type: "boolean", default: false },
  steps: { type: "string", default: "2" },
  threads: { type: "string" },
  memory: { type: "string" },
  dtype: { type: "string", default: "BF16" },
  folder: { type: "string", default: "/tmp/stitchbook-memory" },
  write: { type: "boolean", default: false },
});
readChoices("--case", flags.case, ["train", "stitch", "load"]);
readChoices("--frozen", flags.frozen, ["float32", "half"]);
readChoices("--dtype", flags.dtype, ["BF16", "F16", "F32"]);

const config: ModelConfig = modelConfigSchema.parse({
  vocabSize: readCountOr("--vocab", flags.vocab, 49152),
  width: readCountOr("--width", flags.width, 576),
  layers: readCountOr("--layers", flags.layers, 30),
  heads: readCountOr("--heads", flags.heads, 9),
  kvHeads: readCountOr("--kv", flags.kv, 3),
  inner: readCountOr("--inner", flags.inner, 1536),
  contextLength: readCount("--context", flags.context),
  ropeTheta: 100_000,
  tiedEmbeddings: true,
});
checkModelConfig(config);
const [batch, steps, experts] = [
  readCount("--batch", flags.batch),
  readCount("--steps", flags.steps),
  readCount("--experts", flags.experts),
];
const activations = flags.recompute ? "recompute" : "keep";

/** The same weights in host memory. */
function randomWeights(seed: number): HostWeights {
  return Object.fromEntries(
    Object.entries(unreadWeights(config, seed)).map(([name, { shape, values }]) => {
      return [name, { shape, data: values(0, shape.reduce((a, b) => a * b, 1)) }];
    }),
  );
}

async function measured() {
  const options = {
    ...(flags.threads === undefined ? {} : { threads: readCount("--threads", flags.threads) }),
    ...(flags.memory === undefined ? {} : { memoryLimit: 2 ** 30 * readCount("--memory", flags.memory) }),
  };
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 100) / 10;
  let [stored, written] = [0, false];
  if (flags.case === "load") [stored, written] = await checkpoint();
  const device = await openDevice("cpu", options);
  const idle = peakMebibytes();
  const tensors = device.watchPeak();
  const result = flags.case === "load" ? await load() : flags.case === "stitch" ? stitchSteps() : trainSteps();
  const { ready, seconds: times } = await result;
  await device.close();
  if (written) await Deno.remove(flags.folder, { recursive: true });
  return {
    case: flags.case,
    parameters: parameterCount(config),
    tokens: batch * config.contextLength,
    ...(stored === 0 ? {} : { stored_mib: mebibytes(stored) }),
    idle_mib: idle,
    ready_mib: ready,
    tensors_peak_mib: mebibytes(tensors()!),
    peak_mib: peakMebibytes(),
    step_s: times,
    total_s: seconds(),
    description: device.description,
  };
}

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20);

/** Most memory that the process has had. Tensors that were moved out of WebAssembly's memory count. */
function peakMebibytes(): number {
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))![1]) / 1024);
}

function ids(): tf.Tensor2D {
  const values = Int32Array.from(
    { length: batch * config.contextLength },
    (_, i) => (i * 7919 + 13) % config.vocabSize,
  );
  return tf.keep(tf.tensor2d(values, [batch, config.contextLength], "int32"));
}

async function trainSteps() {
  const [inputs, targets] = [ids(), ids()];
  const parameters = toVariables(randomWeights(1));
  const ready = peakMebibytes();
  return {
    ready,
    seconds: await timeSteps(
      parameters,
      () => headLoss(config, parameters, hiddenStates(config, parameters, inputs, { activations }), targets),
    ),
  };
}

async function stitchSteps() {
  const [inputs, targets] = [ids(), ids()];
  const stitch = stitchConfigSchema.parse({ count: 4, frozen: flags.frozen === "half" ? "half" : "float32" });
  const size = { stitches: placeStitches(stitch, config.layers).length, experts, width: config.width };
  const parameters = toVariables(initialStitches(stitch, size, 1));
  const frozen = freezeModels(config, stitch, Array.from({ length: experts + 1 }, (_, i) => unreadWeights(config, i)));
  const model = stitchModels({ config, stitch, ...frozen, stitches: parameters });
  const ready = peakMebibytes();
  return {
    ready,
    seconds: await timeSteps(parameters, (step) => {
      const streams = beforeFirstStitch(model, inputs) as tf.Tensor3D[];
      return headLoss(config, model.hub, throughStitches(model, streams, { dropoutSeed: step, activations }), targets);
    }),
  };
}

async function timeSteps(parameters: Readonly<Record<string, tf.Variable>>, loss: (step: number) => tf.Scalar) {
  const slots = Object.values(parameters).map((parameter): AdamWSlot => {
    const moment = () => tf.tidy(() => tf.variable(tf.zeros(parameter.shape)));
    return { parameter, m: moment(), v: moment(), decay: parameter.rank > 1 ? 0.1 : 0 };
  });
  const settings = { learningRate: 1e-4, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, clipNorm: 1 };
  const seconds: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const began = performance.now();
    const value = tf.tidy(() => {
      const { value, gradients } = variableGradients(() => loss(step), slots.map(({ parameter }) => parameter));
      adamW(slots, gradients, { ...settings, step });
      return value;
    });
    if (!Number.isFinite((await value.data())[0])) throw new Error("The loss is not finite");
    value.dispose();
    seconds.push(Math.round((performance.now() - began) / 100) / 10);
  }
  return seconds;
}

/** Bytes of the checkpoint's weights, and whether it was made now. */
async function checkpoint(): Promise<[bytes: number, written: boolean]> {
  const path = `${flags.folder}/model.safetensors`;
  const exists = await Deno.stat(path).then(() => true, () => false);
  if (!exists) {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", import.meta.url, ...Deno.args, "--write"],
    }).output();
    if (!success) throw new Error("The checkpoint could not be written");
  }
  return [(await Deno.stat(path)).size, !exists];
}

async function writeCheckpoint(): Promise<void> {
  const dtype = flags.dtype as "BF16" | "F16" | "F32";
  await Deno.mkdir(flags.folder, { recursive: true });
  const planned = [...weightShapes(config)].map(([name, shape]) => ({ name, shape, dtype }));
  await writeWeightFiles(flags.folder, planned, function* ({ name, shape }) {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (shape.length === 1) values.fill(1);
    else fillFast(values, name.length);
    yield encodeWeights(dtype, values);
  }, { shardBytes: Infinity });
  const json = {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocabSize,
    hidden_size: config.width,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    intermediate_size: config.inner,
    max_position_embeddings: config.contextLength,
    rope_theta: config.ropeTheta,
    rms_norm_eps: config.normEps,
    hidden_act: "silu",
    tie_word_embeddings: true,
  };
  await Deno.writeTextFile(`${flags.folder}/config.json`, JSON.stringify(json));
}

async function load() {
  const [inputs, targets] = [ids(), ids()];
  const { config, weights } = await loadOnDevice(flags.folder);
  const ready = peakMebibytes();
  const began = performance.now();
  const loss = tf.tidy(() => decoder(config, weights).losses!(inputs, targets).mean().dataSync()[0]!);
  if (!Number.isFinite(loss)) throw new Error("The loss is not finite");
  return { ready, seconds: [Math.round((performance.now() - began) / 100) / 10] };
}

if (flags.write) await writeCheckpoint();
else console.log(JSON.stringify(await measured()));
