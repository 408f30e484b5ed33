// Python's safetensors and transformers read our files, and we read theirs.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import {
  type LoadedModel,
  type LoadedTensor,
  loadModelFolder,
  readJson,
  readSafetensors,
  saveModelFolder,
  writeSafetensors,
} from "../../lib/huggingface/mod.ts";
import { decoder, disposeWeights, initialWeights, toDevice } from "../../lib/model/mod.ts";
import { optionalTest, python } from "../optional.ts";

/** Our logits for the ids, `[1, time]`. */
async function logitsOf({ config, tensors }: LoadedModel, ids: LoadedTensor): Promise<Float32Array> {
  await tf.setBackend("cpu");
  const weights = toDevice(tensors);
  const model = decoder(config, weights);
  const input = () => tf.tensor2d(ids.data as Int32Array, ids.shape as [number, number], "int32");
  const logits = tf.tidy(() => model.logits(input()).dataSync<"float32">());
  disposeWeights(weights);
  return logits;
}

/** A byte-level tokenizer: 256 bytes and `<|endoftext|>`. */
function byteTokenizer(): Record<string, unknown> {
  // GPT-2's alphabet: printable bytes stand for themselves, the others for code points from 256 on.
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  const symbols = Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [{
      id: 256,
      content: "<|endoftext|>",
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...symbols.map((symbol, byte) => [symbol, byte]), ["<|endoftext|>", 256]]),
      merges: [],
    },
  };
}

optionalTest("python-torch", "Python's safetensors and ours read each other's files", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const values = new Float32Array([1, -0, Infinity, 1e-45, 2.5, -7]);
    const tensors = {
      "a.weight": { shape: [2, 3], data: values },
      scalar: { shape: [], data: new Float32Array([3]) },
      empty: { shape: [0, 4], data: new Float32Array(0) },
      ids: { shape: [2], data: new BigInt64Array([-1n, 2n ** 40n]) },
      ["__proto__"]: { shape: [3], data: new Uint8Array([1, 2, 255]) },
    };
    await writeSafetensors(`${folder}/ours`, tensors, { format: "pt", note: "ü" });
    python([
      "-c",
      `
import sys, torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
folder = sys.argv[1]
tensors = load_file(folder + "/ours")
assert tensors["a.weight"].tolist()[0] == [1, 0, float("inf")], tensors
assert tensors["scalar"].shape == () and tensors["scalar"].item() == 3
assert tensors["empty"].shape == (0, 4)
assert tensors["ids"].tolist() == [-1, 2**40]
assert tensors["__proto__"].tolist() == [1, 2, 255]
with safe_open(folder + "/ours", "pt") as f: assert f.metadata() == {"format": "pt", "note": "ü"}
tensors["half"] = torch.tensor([1.5, -2.0, 65504.0]).half()
tensors["brain"] = torch.tensor([1.5, -2.0, 3e38]).bfloat16()
tensors["truth"] = torch.tensor([True, False])
save_file(tensors, folder + "/theirs", {"k": "v"})
`,
      folder,
    ]);
    const theirs = await readSafetensors(`${folder}/theirs`);
    for (const [name, { shape, data }] of Object.entries(tensors)) {
      assert.deepEqual(theirs.tensors.get(name)!.shape, shape);
      assert.deepEqual(theirs.tensors.get(name)!.data, data);
    }
    assert.deepEqual([...theirs.tensors.get("half")!.data], [1.5, -2, 65504]);
    assert.deepEqual([...theirs.tensors.get("brain")!.data].slice(0, 2), [1.5, -2]);
    assert.deepEqual([...theirs.tensors.get("truth")!.data], [1, 0]);
    assert.deepEqual({ ...theirs.metadata }, { k: "v" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const tiedEmbeddings of [false, true]) {
  const title = `a saved folder, embeddings ${tiedEmbeddings ? "tied" : "untied"}, computes the same in transformers`;
  optionalTest("python-torch", title, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const config = {
        vocabSize: 300,
        width: 16,
        layers: 2,
        heads: 4,
        kvHeads: 2,
        inner: 24,
        contextLength: 32,
        ropeTheta: 500,
        normEps: 1e-4,
        tiedEmbeddings,
      };
      const tensors = initialWeights(config, 3);
      // Twenty times the initial weights, so that every part of the decoder affects the logits.
      for (const { shape, data } of Object.values(tensors)) {
        if (shape.length > 1) data.forEach((w, i) => data[i] = 20 * w);
      }
      await saveModelFolder(folder, { config, tensors, tokenizer: byteTokenizer() });
      python([
        "-c",
        `
import sys, torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
model, info = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32, output_loading_info=True)
assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"], info
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
assert tokenizer.eos_token_id == 256 and tokenizer.model_max_length == 32
assert tokenizer.decode(tokenizer("naïve  test", add_special_tokens=False).input_ids) == "naïve  test"
assert model.config.rms_norm_eps == 1e-4
ids = tokenizer("<|endoftext|>Hello, wörld", return_tensors="pt").input_ids
with torch.no_grad(): save_file({"ids": ids.int(), "logits": model(ids).logits}, sys.argv[1] + "/expected.safetensors")
`,
        folder,
      ]);
      const expected = (await readSafetensors(`${folder}/expected.safetensors`)).tensors;
      const ids = expected.get("ids")!;
      assert.equal(ids.data[0], 256);
      const logits = await logitsOf({ config, tensors }, ids);
      const wanted = expected.get("logits")!.data as Float32Array;
      assert.equal(logits.length, wanted.length);
      const difference = wanted.reduce((max, value, i) => Math.max(max, Math.abs(value - logits[i]!)), 0);
      assert.ok(difference < 1e-4, `largest difference of logits: ${difference}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

optionalTest(
  "python-torch",
  "a folder with a contradictory config.json is loaded as transformers loads it",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const config = {
        vocabSize: 20,
        width: 16,
        layers: 2,
        heads: 4,
        kvHeads: 2,
        inner: 24,
        contextLength: 32,
        ropeTheta: 10_000,
        normEps: 1e-4,
        tiedEmbeddings: false,
      };
      const tensors = initialWeights(config, 3);
      for (const { shape, data } of Object.values(tensors)) {
        if (shape.length > 1) data.forEach((w, i) => data[i] = 20 * w);
      }
      await saveModelFolder(folder, { config, tensors });
      const { rope_theta: _, rope_parameters: __, ...json } = await readJson(`${folder}/config.json`);
      const odd = {
        ...json,
        rope_scaling: { rope_type: "default", rope_theta: 500_000 },
        num_key_value_heads: 2,
        hidden_act: "swish",
        tie_word_embeddings: true,
      };
      await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(odd));
      python([
        "-c",
        `
import sys, torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32)
ids = torch.arange(20).reshape(1, 20)
with torch.no_grad(): save_file({"ids": ids.int(), "logits": model(ids).logits}, sys.argv[1] + "/expected.safetensors")
`,
        folder,
      ]);
      const expected = (await readSafetensors(`${folder}/expected.safetensors`)).tensors;
      const loaded = await loadModelFolder(folder, () => {});
      assert.deepEqual(loaded.config, { ...config, ropeTheta: 500_000 });
      const logits = await logitsOf(loaded, expected.get("ids")!);
      const wanted = expected.get("logits")!.data as Float32Array;
      const difference = wanted.reduce((max, value, i) => Math.max(max, Math.abs(value - logits[i]!)), 0);
      assert.ok(difference < 1e-4, `largest difference of logits: ${difference}`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
