// The decoder computes what transformers' Llama, Mistral, Qwen2 and Qwen3 do, with every kind of RoPE scaling, bias, norm and
// window: committed weights, inputs and logits. The fixtures are made by tests/fixtures/make_architectures.py.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "../../lib/huggingface/llama-config.ts";
import { loadModelFolder, readSafetensors, saveModelFolder } from "../../lib/huggingface/mod.ts";
import { decoder, type LanguageModel, toDevice, tokenLosses } from "../../lib/model/mod.ts";
import { crossEntropy, openDevice } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { optionalTest, python } from "../optional.ts";

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
    const parts = chunks.map((chunk) => model.logits(tf.slice(ids, [0, state.length], [1, chunk]), state));
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
  "`decoder()` gives transformers' logits on WebGPU, with biases, head norms, a window and scaled positions",
  async () => {
    const device = await openDevice("webgpu");
    tf.engine().startScope();
    try {
      for (const row of ["qwen3-biases", "llama-yarn", "qwen2"]) {
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
