// llama.cpp loads the files that we write, splits text as we do, and agrees on the next token.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { loadGguf, saveGguf, WRITTEN_TYPES, type WrittenType } from "../../lib/gguf/mod.ts";
import {
  decoder,
  fillNormal,
  type HostWeights,
  initialWeights,
  type ModelConfig,
  modelConfigSchema,
  toDevice,
} from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";
import { optionalTest } from "../optional.ts";
import { askLlamaCpp } from "./llama-cpp.ts";

const TEXT = "The whale's 12 foo(bar";
const TOKENIZER = trainTokenizer(
  ["The whale, the whale! It's 12 + 345 = 357.\n\nfoo(bar[0]);  naïve café\r\n".repeat(5)],
  { vocabSize: 300 },
);

/**
 * The largest difference of log-probabilities that we accept. llama.cpp rounds the input of a product to the type of the
 * matrix, or to 8 bits for Q8_0; we compute in float32.
 */
const TOLERANCE: Readonly<Record<WrittenType, number>> = { F32: 1e-4, F16: 0.02, BF16: 0.15, Q8_0: 0.3 };

/** Models of other architectures: what they have beside a plain decoder. */
const OTHERS: Readonly<Record<string, Partial<ModelConfig>>> = {
  qwen2: { attentionBias: "qkv", tiedEmbeddings: true },
  qwen3: { qkNorm: true, headSize: 32 },
  biases: { attentionBias: "all", mlpBias: true },
  headSize: { headSize: 32 },
  linear: { ropeScaling: { type: "linear", factor: 4 } },
  llama3: {
    ropeScaling: { type: "llama3", factor: 4, originalContext: 32, lowFrequency: 1, highFrequency: 4 },
  },
};

function modelFor(changes: Partial<ModelConfig>): { readonly config: ModelConfig; readonly tensors: HostWeights } {
  const config = modelConfigSchema.parse({
    vocabSize: openTokenizer(TOKENIZER).vocabSize,
    width: 64,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    inner: 88,
    contextLength: 64,
    ropeTheta: 500,
    normEps: 1e-4,
    tiedEmbeddings: false,
    ...changes,
  });
  const tensors = initialWeights(config, 3);
  // Larger than the initial weights, so that every part of the decoder affects the logits.
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (shape.length > 1) data.forEach((w, i) => data[i] = 10 * w);
    if (name.endsWith(".bias")) fillNormal(data, 0.5, random(4, name));
    if (/[qk]_norm/.test(name)) data.forEach((_, i) => data[i] = 0.5 + i / data.length);
  }
  return { config, tensors };
}

/** Our log-probabilities of the next token after `ids`, from the file as we read it. */
async function ourNext(path: string, ids: readonly number[]): Promise<ArrayLike<number>> {
  const { config, tensors } = await loadGguf(path);
  using weights = toDevice(tensors);
  const input = () => tf.tensor2d([...ids], [1, ids.length], "int32");
  const all = tf.tidy(() => tf.logSoftmax(decoder(config, weights).logits(input())).dataSync<"float32">());
  return all.slice(-config.vocabSize);
}

optionalTest("python-llama-cpp", "llama.cpp agrees on files of every type and architecture that we write", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await tf.setBackend("cpu");
    const { endOfText, encode } = openTokenizer(TOKENIZER);
    const ids = [endOfText, ...encode(TEXT)]; // llama.cpp begins a text with BOS
    const files: Record<string, string> = {};
    const write = async (name: string, type: WrittenType, changes: Partial<ModelConfig>) => {
      files[name] = `${folder}/${name}.gguf`;
      await saveGguf(files[name], { ...modelFor(changes), tokenizer: TOKENIZER, name: "test" }, type);
    };
    for (const type of WRITTEN_TYPES) await write(type, type, { tiedEmbeddings: type !== "F32" });
    for (const [name, changes] of Object.entries(OTHERS)) await write(name, "F32", changes);
    const answers = await askLlamaCpp({ files, ids, text: TEXT, letter: encode("x")[0]! }, folder);
    for (const [name, path] of Object.entries(files)) {
      const ours = await ourNext(path, ids);
      const tolerance = TOLERANCE[name as WrittenType] ?? TOLERANCE.F32;
      for (const prompt of ["ids", "text"]) {
        const { tokens, next } = answers[`${name} ${prompt}`]!;
        assert.equal(tokens, ids.length, `${name}, ${prompt}`);
        assert.equal(next.length, 50);
        const difference = Math.max(...next.map(({ id, logprob }) => Math.abs(logprob - ours[id]!)));
        assert.ok(difference < tolerance, `${name}, ${prompt}: the largest difference is ${difference}`);
        if (Deno.env.get("STITCHBOOK_SHOW") === "1") console.log(`${name}, ${prompt}: ${difference}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
