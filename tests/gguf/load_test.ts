// A model loaded from a GGUF file is the model that the file was made from; what we do not compute is refused by name.
import assert from "node:assert/strict";
import { trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { loadGguf, loadGgufOnDevice, saveGguf } from "../../lib/gguf/mod.ts";
import { loadModelFolder } from "../../lib/huggingface/mod.ts";
import { initialWeights, modelConfigSchema } from "../../lib/model/mod.ts";
import { scaledFrequencies } from "../../lib/model/rope-scaling.ts";
import { random } from "../../lib/random.ts";
import { packedMatrix, unpackWeight } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import {
  entry,
  entryF32,
  entryText,
  entryTexts,
  entryU32,
  fixture,
  ggufOf,
  i32,
  u32,
  u64,
  u8,
  withFile,
} from "./bytes.ts";

for (const kind of ["untied", "tied"]) {
  Deno.test(`a file by Python's gguf gives the model it was made from, embeddings ${kind}`, async () => {
    const { config, tensors, name } = await loadGguf(fixture(`llama-${kind}.gguf`));
    const expected = await loadModelFolder(`tests/fixtures/llama-${kind}`);
    assert.deepEqual(config, expected.config);
    assert.equal(name, `Tiny ${kind}`);
    assert.deepEqual(Object.keys(tensors).sort(), Object.keys(expected.tensors).sort());
    for (const [name, { shape, data }] of Object.entries(expected.tensors)) {
      // The tied model's matrices were stored as F16.
      const stored = kind === "tied" && shape.length > 1 ? new Float32Array(new Float16Array(data)) : data;
      assert.deepEqual(tensors[name], { shape, data: stored }, name);
    }
  });
}

for (const name of ["qwen2", "qwen3", "llama-head-dim", "llama-llama3"]) {
  Deno.test(`a ${name} file by Python's gguf gives the model it was made from`, async () => {
    const { config, tensors } = await loadGguf(fixture(`${name}.gguf`));
    const expected = await loadModelFolder(`tests/fixtures/architectures/${name}`);
    assert.deepEqual(tensors, Object.fromEntries(Object.keys(tensors).map((name) => [name, expected.tensors[name]])));
    assert.deepEqual(Object.keys(tensors).sort(), Object.keys(expected.tensors).sort());
    if (name !== "llama-llama3") return assert.deepEqual(config, expected.config);
    // The file has divisors in place of the numbers that they follow from, and other numbers give the same.
    const { ropeScaling, ...rest } = config;
    const { ropeScaling: stated, ...others } = expected.config;
    assert.deepEqual(rest, others);
    const frequencies = (scaling: typeof stated) =>
      scaledFrequencies({ headSize: 4, ropeTheta: 500, ropeScaling: scaling }, 1).frequencies;
    for (const [i, frequency] of frequencies(ropeScaling).entries()) {
      assert.ok(Math.abs(frequency / frequencies(stated)[i]! - 1) < 1e-5, `frequency ${i}`);
    }
  });
}

for (const [dtype, format] of [["Q8_0", "Q8_0"], ["BF16", "BF16"], ["F32", "F32"]] as const) {
  deviceTest(`\`loadGgufOnDevice()\` holds ${dtype} exactly, in Hugging Face's order of rows`, async () => {
    const config = modelConfigSchema.parse({ vocabSize: 40, width: 64, layers: 1, heads: 2, kvHeads: 1, inner: 32 });
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/model.gguf`;
      await saveGguf(path, { config, tensors: initialWeights(config, 1) }, dtype);
      const { tensors } = await loadGguf(path);
      using weights = await loadGgufOnDevice(path);
      assert.deepEqual(Object.keys(weights).sort(), Object.keys(tensors).sort());
      for (const [name, tensor] of Object.entries(weights)) {
        const matrix = packedMatrix(tensor);
        if (matrix !== undefined) assert.deepEqual(matrix, { format, shape: tensors[name]!.shape }, name);
        if (tensor.dtype === "int32" && matrix === undefined) continue; // bfloat16 in pairs
        const values = matrix === undefined ? tensor : unpackWeight(tensor);
        assert.deepEqual(values.dataSync(), tensors[name]!.data, name);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

const WIDTH = 8;
const values = (size: number) => new Float32Array(size).map((_, i) => i + 1);

/** Entries of a decoder of one layer, width 8, 2 heads and 1 KV head. */
function decoderEntries(arch: string, changes: Readonly<Record<string, Uint8Array | undefined>> = {}): Uint8Array[] {
  const entries: Record<string, Uint8Array | undefined> = {
    "general.architecture": entryText("general.architecture", arch),
    block_count: entryU32(`${arch}.block_count`, 1),
    context_length: entryU32(`${arch}.context_length`, 32),
    embedding_length: entryU32(`${arch}.embedding_length`, WIDTH),
    feed_forward_length: entryU32(`${arch}.feed_forward_length`, 12),
    head_count: entryU32(`${arch}.attention.head_count`, 2),
    head_count_kv: entryU32(`${arch}.attention.head_count_kv`, 1),
    epsilon: entryF32(`${arch}.attention.layer_norm_rms_epsilon`, 1e-5),
    ...changes,
  };
  return Object.values(entries).filter((entry) => entry !== undefined);
}

const matrix = (columns: number, rows: number) => ({ dimensions: [columns, rows], values: values(columns * rows) });
const vector = (size: number) => ({ dimensions: [size], values: values(size) });

const decoderTensors = {
  "token_embd.weight": matrix(WIDTH, 5),
  "output_norm.weight": vector(WIDTH),
  "blk.0.attn_norm.weight": vector(WIDTH),
  "blk.0.attn_q.weight": matrix(WIDTH, WIDTH),
  "blk.0.attn_k.weight": matrix(WIDTH, 4),
  "blk.0.attn_v.weight": matrix(WIDTH, 4),
  "blk.0.attn_output.weight": matrix(WIDTH, WIDTH),
  "blk.0.ffn_norm.weight": vector(WIDTH),
  "blk.0.ffn_gate.weight": matrix(WIDTH, 12),
  "blk.0.ffn_up.weight": matrix(WIDTH, 12),
  "blk.0.ffn_down.weight": matrix(12, WIDTH),
};

/** First values of the rows of a weight, whose rows count on. */
const rowOrder = (data: Float32Array) => Array.from(data).filter((_, i) => i % WIDTH === 0).map((x) => (x - 1) / WIDTH);

Deno.test("rows of q and k are put back in order for llama, by the number of heads of each, and kept for qwen2", async () => {
  const load = async (arch: string) => {
    const biases = {
      "blk.0.attn_q.bias": vector(WIDTH),
      "blk.0.attn_k.bias": vector(4),
      "blk.0.attn_v.bias": vector(4),
      ...(arch === "llama" ? { "blk.0.attn_output.bias": vector(WIDTH) } : {}),
    };
    let rows: readonly number[][] = [];
    await withFile(ggufOf(decoderEntries(arch), { ...decoderTensors, ...biases }), async (path) => {
      const { tensors, config } = await loadGguf(path);
      assert.equal(config.tiedEmbeddings, true);
      assert.equal(config.normEps, 1e-5);
      assert.equal(config.attentionBias, arch === "llama" ? "all" : "qkv");
      for (const name of ["q", "k", "v"]) {
        const bias = tensors[`model.layers.0.self_attn.${name}_proj.bias`]!.data;
        assert.deepEqual(
          Array.from(bias, (x) => x - 1),
          rowOrder(tensors[`model.layers.0.self_attn.${name}_proj.weight`]!.data),
        );
      }
      rows = ["q", "k", "v"].map((name) => rowOrder(tensors[`model.layers.0.self_attn.${name}_proj.weight`]!.data));
    });
    return rows;
  };
  // reshape(heads, 2, 2, in) with the middle axes swapped.
  assert.deepEqual(await load("llama"), [[0, 2, 1, 3, 4, 6, 5, 7], [0, 2, 1, 3], [0, 1, 2, 3]]);
  assert.deepEqual(await load("qwen2"), [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3], [0, 1, 2, 3]]);
});

Deno.test("metadata that leaves a plain decoder is accepted", async () => {
  const changes = {
    key_length: entryU32("llama.attention.key_length", 4),
    value_length: entryU32("llama.attention.value_length", 4),
    dimension_count: entryU32("llama.rope.dimension_count", 4),
    scaling: entryText("llama.rope.scaling.type", "none"),
    experts: entryU32("llama.expert_count", 0),
    head_count: entry("llama.attention.head_count", 9, u32(5), u64(2), i32(2), i32(2)),
    layout: entryText("llama.tensor_data_layout", "Meta AI original pth"),
    window: entryU32("llama.attention.sliding_window", 32),
    theta: entryF32("llama.rope.freq_base", 500_000),
    other: entryText("general.quantized_by", "somebody"),
  };
  const tensors = { ...decoderTensors, "rope_freqs.weight": { dimensions: [2], values: Float32Array.of(1, 1) } };
  await withFile(ggufOf(decoderEntries("llama", changes), tensors), async (path) => {
    const { config, tensors } = await loadGguf(path);
    assert.equal(config.ropeTheta, 500_000);
    assert.equal(config.heads, 2);
    assert.ok(!("rope_freqs.weight" in tensors));
  });
});

/** What a file has that we do not compute: words of the message, changed entries, and additional tensors. */
const REFUSED: Readonly<
  Record<string, [words: RegExp, entries?: Record<string, Uint8Array | undefined>, tensors?: object]>
> = {
  "no architecture": [/no general.architecture/, { "general.architecture": undefined }],
  "another architecture": [/"gemma3".*llama, qwen2, qwen3/, {
    "general.architecture": entryText("general.architecture", "gemma3"),
  }],
  "a missing key": [/no "llama.block_count"/, { block_count: undefined }],
  "a key of the wrong type": [/"llama.block_count" is not one number/, {
    block_count: entryText("llama.block_count", "x"),
  }],
  "heads that differ by layer": [
    /head_count_kv" is not one number for all layers/,
    { head_count_kv: entry("llama.attention.head_count_kv", 9, u32(4), u64(2), u32(1), u32(2)) },
  ],
  "a billion layers": [/layers/, { block_count: entryU32("llama.block_count", 1e9) }],
  "an unknown key": [/"llama.attention.scale"/, { scale: entryF32("llama.attention.scale", 0.5) }],
  "a mixture of experts": [/mixture of experts/, { experts: entryU32("llama.expert_count", 8) }],
  "a factor of the logits": [/logit_scale/, { scale: entryF32("llama.logit_scale", 0.5) }],
  "YaRN": [
    /yarn/,
    { type: entryText("llama.rope.scaling.type", "yarn"), factor: entryF32("llama.rope.scaling.factor", 4) },
  ],
  "a rotary embedding of half a head": [/rope.dimension_count is 2, not the width 4/, {
    n: entryU32("llama.rope.dimension_count", 2),
  }],
  "wider keys": [/q_proj.weight" has the shape \[8,8\], not \[16,8\]/, {
    n: entryU32("llama.attention.key_length", 8),
    m: entryU32("llama.attention.value_length", 8),
  }],
  "values of another width": [/value_length is 8/, { m: entryU32("llama.attention.value_length", 8) }],
  "a sliding window": [/sliding window of 16/, { window: entryU32("llama.attention.sliding_window", 16) }],
  "attention that is not causal": [/not causal/, { causal: entry("llama.attention.causal", 7, u8(0)) }],
  "a part of a split model": [/one of 3 files/, { split: entry("split.count", 2, Uint8Array.of(3, 0)) }],
  "divisors of frequencies unlike Llama 3's": [/"rope_freqs.weight" does not scale/, {}, {
    "rope_freqs.weight": { dimensions: [2], values: Float32Array.of(8, 1) },
  }],
  "divisors for another head": [/"rope_freqs.weight" does not scale/, {}, {
    "rope_freqs.weight": { dimensions: [3], values: Float32Array.of(1, 1, 8) },
  }],
  "some of the biases": [/lacks the weight "model.layers.0.self_attn.k_proj.bias"/, {}, {
    "blk.0.attn_q.bias": vector(WIDTH),
  }],
  "a bias of a norm": [/"blk.0.attn_norm.bias", a bias/, {}, { "blk.0.attn_norm.bias": vector(WIDTH) }],
  "norms of q and k": [/unknown weight "model.layers.0.self_attn.q_norm.weight"/, {}, {
    "blk.0.attn_q_norm.weight": vector(4),
  }],
  "an unknown tensor": [/"blk.0.extra.weight"/, {}, { "blk.0.extra.weight": vector(4) }],
  "a layer too many": [/unknown weight "model.layers.1/, {}, { "blk.1.attn_norm.weight": vector(WIDTH) }],
  "a weight of another shape": [/"model.norm.weight" has the shape \[4\]/, {}, { "output_norm.weight": vector(4) }],
  "a missing weight": [/lacks the weight "model.layers.0.mlp.up_proj.weight"/, {}, {
    "blk.0.ffn_up.weight": undefined,
  }],
  "a vocabulary larger than the table": [
    /6 tokens, more than the 5 rows/,
    {
      model: entryText("tokenizer.ggml.model", "gpt2"),
      pre: entryText("tokenizer.ggml.pre", "gpt-2"),
      tokens: entryTexts("tokenizer.ggml.tokens", ["a", "b", "c", "d", "e", "f"]),
      merges: entryTexts("tokenizer.ggml.merges", []),
    },
  ],
};

for (const [name, [words, entries, tensors]] of Object.entries(REFUSED)) {
  Deno.test(`${name}: refused by name`, async () => {
    const all = Object.entries({ ...decoderTensors, ...tensors }).filter(([, tensor]) => tensor !== undefined);
    await withFile(ggufOf(decoderEntries("llama", entries), Object.fromEntries(all)), async (path) => {
      await assert.rejects(loadGguf(path), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, words);
        assert.ok(error.message.includes(path), error.message);
        return true;
      });
    });
  });
}

/** A file with a tokenizer in llama.cpp's keys and as a whole. */
async function wholeModel(): Promise<Uint8Array> {
  const tokenizer = trainTokenizer(["some text, some text"], { vocabSize: 260 });
  const config = modelConfigSchema.parse({ vocabSize: 260, width: 8, layers: 1, heads: 2, kvHeads: 1, inner: 12 });
  const path = await Deno.makeTempFile({ suffix: ".gguf" });
  await saveGguf(path, { config, tensors: initialWeights(config, 1), tokenizer }, "F32");
  const bytes = await Deno.readFile(path);
  await Deno.remove(path);
  return bytes;
}

Deno.test("linear RoPE scaling is read, with or without its type", async () => {
  const written = [
    { type: entryText("llama.rope.scaling.type", "linear"), factor: entryF32("llama.rope.scaling.factor", 4) },
    { factor: entryF32("llama.rope.scale_linear", 4) },
  ];
  for (const entries of written) {
    await withFile(ggufOf(decoderEntries("llama", entries), decoderTensors), async (path) => {
      assert.deepEqual((await loadGguf(path)).config.ropeScaling, { type: "linear", factor: 4 });
    });
  }
});

Deno.test("a damaged file is loaded or refused in a sentence, whatever bytes are changed", async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const source = random(seed, "fuzz");
  console.log(`  seed ${seed}`);
  const originals = [await Deno.readFile(fixture("llama-tied.gguf")), await wholeModel()];
  const outcomes = { loaded: 0, refused: 0 };
  const before = Deno.memoryUsage().rss;
  for (let i = 0; i < 600; i++) {
    const original = originals[i % 2]!;
    // The header is what can go wrong: both files begin with more than this of it.
    const header = i % 2 === 0 ? 1500 : 12_000;
    const damaged = i % 3 === 0 ? original.slice(0, Math.floor(source.float() * original.length)) : original.slice();
    if (i % 3 !== 0) {
      for (let flips = 1 + Math.floor(4 * source.float()); flips > 0; flips--) {
        damaged[Math.floor(source.float() * header)]! ^= 1 << Math.floor(8 * source.float());
      }
    }
    await withFile(damaged, async (path) => {
      try {
        await loadGguf(path);
        outcomes.loaded++;
      } catch (error) {
        assert.ok(error instanceof UserError, `seed ${seed}, file ${i}: ${(error as Error).stack}`);
        outcomes.refused++;
      }
    });
  }
  assert.ok(outcomes.refused > 300 && outcomes.loaded > 0, JSON.stringify(outcomes));
  const grown = Deno.memoryUsage().rss - before;
  assert.ok(grown < 300e6, `seed ${seed}: memory grew by ${grown} bytes`);
});
