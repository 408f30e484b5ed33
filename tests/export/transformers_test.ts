// Stitched models and mixtures in transformers: the same logits and the same greedy tokens as ours, for every setting of
// stitches, every kind of decoder and every kind of routing.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import { type MixtureConfig, mixtureConfigSchema } from "../../lib/baselines/mixture/config.ts";
import { mixtureLanguageModel, mixtureModel } from "../../lib/baselines/mixture/model.ts";
import { initialMixture } from "../../lib/baselines/mixture/start.ts";
import { generateGreedily } from "../../lib/eval/generate.ts";
import { UserError } from "../../lib/errors.ts";
import { mixtureArchitecture } from "../../lib/export/mixture/architecture.ts";
import { writeMixture } from "../../lib/export/mixture/write.ts";
import { writeStitched } from "../../lib/export/stitched/write.ts";
import { readJson } from "../../lib/huggingface/files.ts";
import { readSafetensors, writeSafetensors } from "../../lib/huggingface/safetensors.ts";
import { saveModelFolder } from "../../lib/huggingface/model-folder.ts";
import type { LanguageModel } from "../../lib/model/language-model.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { toDevice } from "../../lib/model/weights.ts";
import { freezeModels } from "../../lib/stitch/stacks.ts";
import { STITCH_KINDS } from "../../lib/stitch/kinds/registry.ts";
import type { StitchConfig } from "../../lib/stitch/config.ts";
import { stitchedLanguageModel } from "../../lib/stitch/language-model.ts";
import { stitchModels } from "../../lib/stitch/model.ts";
import { openDevice } from "../../lib/tensor/device.ts";
import { optionalTest, python } from "../optional.ts";
import { BEYOND_PLAIN, bigWeights, noisyStitches, stitchConfig, TINY, tokens } from "../tiny.ts";

interface Case {
  readonly stitch: Partial<StitchConfig>;
  readonly model?: Partial<ModelConfig>;
  /** @default 2 */
  readonly experts?: number;
}

const LAYERS = 4;
const PROMPTS = [[3, 17, 8, 30, 5], [21, 9, 2]];
const NEW_TOKENS = 6;
/** Tokens of a text that is read after a longer one. */
const START = 6;

const CASES: Readonly<Record<string, Case>> = {
  "the defaults": { stitch: {} },
  "low rank, at given layers, the last before the end": {
    stitch: { kinds: ["E2H-LR", "H2E", "E2H-LR"], positions: [1, 2, 3], rank: 3 },
    model: { tiedEmbeddings: true },
  },
  "all E2H, experts keep their state, scalar gates with a bias, one expert": {
    stitch: {
      kinds: "all-e2h",
      count: 3,
      expertAfterE2H: "pass-through",
      gates: "scalar",
      initialization: "hub-preserving",
    },
    experts: 1,
  },
  "vector gates with a bias, biases on every projection, frozen in half precision": {
    stitch: { count: 3, frozen: "half", initialization: "hub-preserving" },
    model: { ...BEYOND_PLAIN["biases on every projection"], kvHeads: 4 },
  },
  "a pair, random, low frequencies interpolated": {
    stitch: { mode: "pair", count: 3, initialization: "random" },
    model: {
      ropeScaling: { type: "llama3", factor: 4, originalContext: 8, lowFrequency: 1, highFrequency: 4 },
      tiedEmbeddings: true,
    },
    experts: 1,
  },
  "a pair with scalar gates, experts keep their state, frequencies that grow with the text": {
    stitch: { mode: "pair", count: 4, gates: "scalar", expertAfterE2H: "pass-through" },
    model: { ropeScaling: { type: "dynamic", factor: 3, originalContext: 4 } },
    experts: 1,
  },
  "biases on q, k and v, frequencies by YaRN, three experts": {
    stitch: { count: 2 },
    model: {
      ...BEYOND_PLAIN["biases on q, k and v"],
      ropeScaling: {
        type: "yarn",
        factor: 4,
        originalContext: 4,
        attentionFactor: 1.2,
        betaFast: 32,
        betaSlow: 1,
        truncate: true,
      },
    },
    experts: 3,
  },
  "head norms, wider heads, and a window from the second layer": {
    stitch: { count: 2, gates: "scalar" },
    model: BEYOND_PLAIN["head norms, wider heads and a window"],
  },
  "a window, frequencies interpolated": {
    stitch: { kinds: ["H2E", "E2H-LR"], count: 2, rank: 16 },
    model: { slidingWindow: 3, ropeScaling: { type: "linear", factor: 2 } },
  },
};

/** Writes the model of a case and what ours makes of it. */
async function writeCase(folder: string, { stitch: changes, model: shape = {}, experts = 2 }: Case): Promise<void> {
  const model: ModelConfig = { ...TINY, layers: LAYERS, ...shape };
  const stitch = stitchConfig(changes);
  const weights = Array.from({ length: experts + 1 }, (_, i) => bigWeights(model, 10 + i));
  const stitches = noisyStitches(stitch, experts, 3, model);
  const hubFolder = `${folder}/hub`;
  await saveModelFolder(hubFolder, { config: model, tensors: weights[0]! });
  await Deno.mkdir(`${folder}/out`);
  const names = weights.map((_, i) => i === 0 ? "seed" : `expert ${i}`);
  await writeStitched(`${folder}/out`, { model, names, weights, file: { config: stitch, stitches }, hubFolder });
  using frozen = freezeModels(model, stitch, weights);
  using parameters = toDevice(stitches);
  await writeExpected(
    folder,
    stitchedLanguageModel(stitchModels({ config: model, stitch, ...frozen, stitches: parameters })),
    model,
  );
}

interface MixtureCase {
  readonly mixture: Partial<MixtureConfig>;
  readonly model?: Partial<ModelConfig>;
}

const MIXTURES: Readonly<Record<string, MixtureCase>> = {
  "all experts of Llama": { mixture: {} },
  "two experts of Mistral": { mixture: { routing: "top-2" }, model: { slidingWindow: 3 } },
  "one expert of Llama": { mixture: { routing: "sample" }, model: { tiedEmbeddings: true, headSize: 6 } },
  "two experts of Qwen2": { mixture: { routing: "top-2" }, model: BEYOND_PLAIN["biases on q, k and v"] },
  "two experts of Qwen3": {
    mixture: { routing: "top-2" },
    model: { attentionBias: "all", qkNorm: true, headSize: 6, slidingWindow: 3 },
  },
};

/** Writes a mixture of three models, with routers that matter, and what ours makes of it. */
async function writeMixtureCase(folder: string, { mixture: changes, model: shape = {} }: MixtureCase): Promise<void> {
  const model: ModelConfig = { ...TINY, ...shape };
  const mixture = mixtureConfigSchema.parse(changes);
  const seedAndExperts = [1, 2, 3].map((seed) => bigWeights(model, seed));
  const weights = Object.fromEntries(
    Object.entries(initialMixture(model, mixture, seedAndExperts, 5)).map(([name, { shape, data }]) => [
      name,
      { shape, data: name.endsWith("router.weight") ? data.map((value) => 20 * value) : data },
    ]),
  );
  const seedFolder = `${folder}/seed`;
  await saveModelFolder(seedFolder, { config: model, tensors: seedAndExperts[0]! });
  await Deno.mkdir(`${folder}/out`);
  await writeMixture(`${folder}/out`, { model, mixture, models: 3, weights, seedFolder });
  using onDevice = toDevice(weights);
  const whole = mixtureModel({ config: model, mixture, models: 3, weights: onDevice });
  await writeExpected(folder, mixtureLanguageModel(whole), model);
}

/** Writes what our model makes of some texts. */
async function writeExpected(folder: string, model: LanguageModel, { ropeScaling }: ModelConfig): Promise<void> {
  const written = await generateGreedily(model, PROMPTS, NEW_TOKENS, () => false);
  const tensors = tf.tidy(() => {
    const ids = tokens(2, TINY.contextLength);
    const found = { ids, logits: model.logits(ids), start: model.logits(tf.slice(ids, [0, 0], [2, START])) };
    return Object.fromEntries(
      Object.entries(found).map(([name, x]) => [
        name,
        { shape: x.shape, data: x.dataSync().slice() as Float32Array | Int32Array },
      ]),
    );
  });
  await writeSafetensors(`${folder}/expected.safetensors`, tensors);
  // With frequencies that grow, the longest text of a batch decides for all.
  const batched = ropeScaling?.type !== "dynamic";
  await Deno.writeTextFile(`${folder}/expected.json`, JSON.stringify({ prompts: PROMPTS, written, batched }));
}

const SCRIPT = fileURLToPath(new URL("./compare.py", import.meta.url));

optionalTest("python-torch", "transformers computes and generates what we do, for every setting", async () => {
  const root = await Deno.makeTempDir();
  await using _device = await openDevice("reference");
  try {
    for (const [name, one] of Object.entries(CASES)) {
      await Deno.mkdir(`${root}/${name}`);
      await writeCase(`${root}/${name}`, one);
    }
    for (const [name, one] of Object.entries(MIXTURES)) {
      await Deno.mkdir(`${root}/${name}`);
      await writeMixtureCase(`${root}/${name}`, one);
    }
    python([SCRIPT, root]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("every kind of stitch is compared with transformers", () => {
  const used = Object.values(CASES).flatMap(({ stitch: { kinds } }) => Array.isArray(kinds) ? kinds : []);
  assert.deepEqual(new Set(["E2H", ...used]), new Set(STITCH_KINDS.map(({ name }) => name)));
});

Deno.test("mixtures that transformers does not have are refused, saying why", () => {
  const refused = (mixture: Partial<MixtureConfig>, model: Partial<ModelConfig> = {}) => {
    const parsed = mixtureConfigSchema.parse(mixture);
    let message = "";
    assert.throws(() => mixtureArchitecture({ ...TINY, ...model }, parsed, 3), (error) => {
      if (error instanceof UserError) message = error.message;
      return error instanceof UserError && error.code === "export.mixture";
    });
    return message;
  };
  assert.match(refused({ attention: "experts" }), /its attention is mixed/);
  assert.match(refused({ adapters: true }), /its experts have adapters/);
  assert.match(refused({ bias: true }), /its routers have biases/);
  assert.match(refused({}, BEYOND_PLAIN["biases on every projection"]), /its projections have biases/);
  assert.match(refused({}, BEYOND_PLAIN["head norms, wider heads and a window"]), /some of its layers/);
  assert.match(refused({}, { attentionBias: "qkv", slidingWindow: 3 }), /it has a sliding window/);
});

Deno.test("`writeStitched()` leaves out what the model does not read", async () => {
  const folder = await Deno.makeTempDir();
  await using _device = await openDevice("reference");
  try {
    await writeCase(folder, { stitch: { positions: [2, 3], kinds: ["H2E", "E2H"] } });
    const names = [...(await readSafetensors(`${folder}/out/model.safetensors`)).tensors.keys()];
    const left = /^experts\.\d\.(layers\.3|norm|lm_head)|^stitch\.0\.gate\.0/;
    assert.deepEqual(names.filter((name) => left.test(name)), []);
    for (const name of ["experts.1.layers.2.mlp.up_proj.weight", "stitch.1.gate.0.weight", "hub.norm.weight"]) {
      assert.ok(names.includes(name), name);
    }
    const { members, stitches, torch_dtype } = await readJson(`${folder}/out/config.json`);
    assert.deepEqual(members, ["seed", "expert 1", "expert 2"]);
    assert.deepEqual(stitches, [{ kind: "H2E", after: 2, into: 0 }, { kind: "E2H", after: 3, into: 0 }]);
    assert.equal(torch_dtype, "float32");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
