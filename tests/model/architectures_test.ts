// The decoder computes what transformers' Llama, Mistral, Qwen2 and Qwen3 do, with every kind of RoPE scaling, bias, norm and
// window: committed weights, inputs and logits. The fixtures are made by tests/fixtures/make_architectures.py.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../lib/errors.ts";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "../../lib/huggingface/llama-config.ts";
import { loadModelFolder, readSafetensors, saveModelFolder } from "../../lib/huggingface/mod.ts";
import {
  decoder,
  headLoss,
  hiddenStates,
  type LanguageModel,
  type ModelConfig,
  toDevice,
  tokenLosses,
  toVariables,
} from "../../lib/model/mod.ts";
import { crossEntropy, openDevice } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { optionalTest, python } from "../optional.ts";
import { BEYOND_PLAIN, bigWeights, TINY, tokens } from "../tiny.ts";

const FOLDER = new URL("../fixtures/architectures", import.meta.url).pathname;
const ROWS = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort();
/** Tokens that transformers read before it decoded one at a time. */
const CACHED = 9;

/** The largest difference of two lists, as a fraction of the largest expected value. */
function relativeDifference(found: Float32Array, wanted: Float32Array): number {
  assert.equal(found.length, wanted.length);
  const largest = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  assert.ok(largest > 1, "small logits prove nothing");
  return wanted.reduce((max, value, i) => Math.max(max, Math.abs(value - found[i]!)), 0) / largest;
}

/** Logits of the tokens read in chunks with a cache. */
function decoded(model: LanguageModel, ids: tf.Tensor2D, chunks: readonly number[]): Promise<Float32Array> {
  return tf.tidy(() => {
    const state = model.decodingState();
    const parts = chunks.map((chunk) => model.logits(tf.slice(ids, [0, state.length], [1, chunk]), [state]));
    state.dispose();
    return tf.concat(parts, 1);
  }).data<"float32">();
}

async function expectedOf(row: string) {
  const found = (await readSafetensors(`${FOLDER}/${row}/expected.safetensors`)).tensors;
  const values = (name: string) => found.get(name)?.data as Float32Array | undefined;
  const { shape, data } = found.get("ids")!;
  return {
    ids: () => tf.tensor2d(data as Int32Array, shape as [number, number], "int32"),
    logits: values("logits")!,
    cached: values("cached") ?? values("logits")!,
  };
}

async function checkRow(row: string, tolerance: number): Promise<number> {
  const { config, tensors } = await loadModelFolder(`${FOLDER}/${row}`);
  const { ids, logits, cached } = await expectedOf(row);
  const model = decoder(config, toDevice(tensors));
  const time = ids().shape[1];
  const full = relativeDifference(await tf.tidy(() => model.logits(ids())).data<"float32">(), logits);
  assert.ok(full <= tolerance, `${row}: the largest difference of logits is ${full} of the largest logit`);
  const singly = [CACHED, ...Array<number>(time - CACHED).fill(1)];
  const kept = relativeDifference(await decoded(model, ids(), singly), cached);
  assert.ok(kept <= tolerance, `${row}: the largest difference with a cache is ${kept} of the largest logit`);
  if (cached !== logits) return Math.max(full, kept);
  // With this model the chunks do not matter.
  const chunked = relativeDifference(await decoded(model, ids(), [3, 7, 1, time - 11]), logits);
  assert.ok(chunked <= tolerance, `${row}: the largest difference in chunks is ${chunked} of the largest logit`);
  return Math.max(full, kept, chunked);
}

deviceTest("`decoder()` gives transformers' logits of every architecture, with and without a cache", async (device) => {
  assert.ok(ROWS.length >= 13);
  for (const row of ROWS) {
    const largest = await checkRow(row, 1e-4);
    if (Deno.env.has("STITCHBOOK_SHOW")) console.log(`${device.name} ${row} ${largest.toExponential(1)}`);
  }
});

optionalTest(
  "vulkan",
  "`decoder()` gives transformers' logits of every architecture, with and without a cache [webgpu]",
  async () => {
    const device = await openDevice("webgpu");
    tf.engine().startScope();
    try {
      for (const row of ROWS) {
        const largest = await checkRow(row, 1e-3);
        if (Deno.env.has("STITCHBOOK_SHOW")) console.log(`webgpu ${row} ${largest.toExponential(1)}`);
      }
    } finally {
      tf.engine().endScope();
      await device.close();
    }
  },
  { sanitizeOps: false, sanitizeResources: false },
);

deviceTest("`tokenLosses()` of every architecture is the cross-entropy of its logits", async () => {
  for (const row of ROWS) {
    const { config, tensors } = await loadModelFolder(`${FOLDER}/${row}`);
    const { ids, logits } = await expectedOf(row);
    const time = ids().shape[1];
    const wanted = crossEntropy(tf.tensor2d(logits, [time, config.vocabSize]), ids().reshape([-1]) as tf.Tensor1D);
    const found = tokenLosses(decoder(config, toDevice(tensors)), ids(), ids());
    assert.ok(relativeDifference(found.dataSync<"float32">(), wanted.dataSync<"float32">()) <= 1e-4, row);
  }
});

Deno.test("`toHuggingFaceConfig()` writes back an equal configuration of every architecture", async () => {
  for (const row of ROWS) {
    const { config } = await loadModelFolder(`${FOLDER}/${row}`);
    const written = toHuggingFaceConfig(config);
    assert.deepEqual(fromHuggingFaceConfig(written), config, row);
    const original = JSON.parse(await Deno.readTextFile(`${FOLDER}/${row}/config.json`));
    assert.equal(written.model_type, original.model_type);
    assert.deepEqual(written.architectures, original.architectures);
  }
});

/** A configuration of every family that the decoder computes. */
const good = async (row: string) => JSON.parse(await Deno.readTextFile(`${FOLDER}/${row}/config.json`));

Deno.test("`fromHuggingFaceConfig()` takes missing keys for what transformers takes them for", async () => {
  const without = async (row: string, ...keys: string[]) =>
    fromHuggingFaceConfig(
      Object.fromEntries(Object.entries(await good(row)).filter(([key]) => !keys.includes(key))),
    );
  assert.equal((await without("mistral-window", "sliding_window")).slidingWindow, 4096);
  assert.equal((await without("qwen3", "head_dim")).headSize, 128);
  // 28 layers of Qwen2 have no window by default, and these models have two.
  assert.equal((await without("qwen2-window", "max_window_layers", "layer_types")).slidingWindow, undefined);
  assert.equal((await without("qwen2-window", "layer_types")).fullLayers, 1);
  assert.equal((await without("qwen2-window", "use_sliding_window", "layer_types")).slidingWindow, undefined);
  const mistral = await good("mistral-window");
  assert.equal(fromHuggingFaceConfig({ ...mistral, sliding_window: null }).slidingWindow, undefined);
  await assert.rejects(
    without("mistral-window", "num_key_value_heads"),
    /4 is not a multiple of num_key_value_heads 8/,
  );
});

Deno.test("`fromHuggingFaceConfig()` refuses what a family does not have, naming key and file", async () => {
  const refused: [row: string, change: Record<string, unknown>, words: RegExp][] = [
    ["mistral-window", { attention_bias: true }, /attention_bias is true.*mistral/],
    ["mistral-window", { layer_types: ["full_attention", "sliding_attention"] }, /layer_types/],
    ["qwen2", { mlp_bias: true }, /mlp_bias is true.*qwen2/],
    ["qwen2-window", { layer_types: ["sliding_attention", "full_attention"] }, /layer_types.*"full_attention" after/],
    ["qwen2-window", { layer_types: ["full_attention"] }, /layer_types has 1 entries for 2 layers/],
    ["qwen2-window", { layer_types: ["full_attention", "chunked_attention"] }, /layer_types.*chunked_attention/],
    ["qwen3", { num_experts: 64 }, /num_experts is 64/],
    ["qwen3", { architectures: ["Qwen3MoeForCausalLM"] }, /architectures.*Qwen3MoeForCausalLM.*Qwen3ForCausalLM/],
    ["qwen3", { model_type: "qwen3_moe" }, /model_type.*qwen3_moe.*llama, mistral, qwen2, qwen3/],
    ["llama-yarn", { rope_parameters: { rope_type: "su", factor: 2 } }, /rope_parameters.*longrope/],
    ["llama-linear", { rope_scaling: { type: "linear", factor: 2, mscale: 1 } }, /rope_scaling.*mscale/],
  ];
  for (const [row, change, words] of refused) {
    const json = { ...await good(row), ...change };
    assert.throws(() => fromHuggingFaceConfig(json, "x/config.json"), (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, words);
      assert.match(error.message, /x\/config\.json/);
      return true;
    });
  }
});

optionalTest(
  "vulkan",
  "gradients of biases and head norms on WebGPU are those of the reference",
  async () => {
    const config: ModelConfig = { ...TINY, layers: 2, ...BEYOND_PLAIN["head norms, wider heads and a window"] };
    const gradients = async (name: "reference" | "webgpu") => {
      const device = await openDevice(name);
      tf.engine().startScope();
      try {
        const variables = toVariables(bigWeights(config, 3));
        const loss = () =>
          headLoss(config, variables, hiddenStates(config, variables, tokens(2, 6, 4)), tokens(2, 6, 5));
        const { grads } = tf.variableGrads(loss, Object.values(variables));
        const named = Object.entries(variables).map(async ([key, variable]) =>
          [key, await grads[variable.name]!.data<"float32">()] as const
        );
        const found = Object.fromEntries(await Promise.all(named));
        tf.dispose(variables);
        return found;
      } finally {
        tf.engine().endScope();
        await device.close();
      }
    };
    const [wanted, found] = [await gradients("reference"), await gradients("webgpu")];
    for (const [name, values] of Object.entries(wanted)) {
      const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
      assert.ok(largest > 1e-5, `${name}: the gradient vanishes`);
      values.forEach((value, i) => assert.ok(Math.abs(value - found[name]![i]!) <= 1e-3 * largest, name));
    }
  },
  { sanitizeOps: false, sanitizeResources: false },
);

optionalTest("python-torch", "saved folders of every architecture compute the same in transformers", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const row of ROWS) await saveModelFolder(`${folder}/${row}`, await loadModelFolder(`${FOLDER}/${row}`));
    python([
      "-c",
      `
import sys, torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
saved, fixtures = sys.argv[1:3]
for row in sys.argv[3:]:
    expected = load_file(f"{fixtures}/{row}/expected.safetensors")
    model, info = AutoModelForCausalLM.from_pretrained(f"{saved}/{row}", dtype=torch.float32, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], (row, info)
    with torch.no_grad(): logits = model.eval()(expected["ids"].long()).logits
    assert (logits - expected["logits"]).abs().max() < 1e-5 * expected["logits"].abs().max(), row
`,
      folder,
      FOLDER,
      ...ROWS,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
