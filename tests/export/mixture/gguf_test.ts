// Mixtures of experts in GGUF: llama.cpp loads each kind that is written, and agrees on the next token.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { type MixtureConfig, mixtureConfigSchema } from "../../../lib/baselines/mod.ts";
import { mixtureLanguageModel, mixtureModel } from "../../../lib/baselines/mixture/model.ts";
import { openTokenizer, trainTokenizer } from "../../../lib/data/mod.ts";
import { writeMixtureGguf } from "../../../lib/export/mixture/gguf.ts";
import { loadGguf, openGguf } from "../../../lib/gguf/mod.ts";
import { type HostWeights, type ModelConfig, toDevice } from "../../../lib/model/mod.ts";
import { openDevice } from "../../../lib/tensor/mod.ts";
import { noisyMixture } from "../../baselines/mixtures.ts";
import { askLlamaCpp } from "../../gguf/llama-cpp.ts";
import { optionalTest } from "../../optional.ts";
import { BEYOND_PLAIN, TINY } from "../../tiny.ts";

const TEXT = "The whale's 12 foo(bar";
const TOKENIZER = trainTokenizer(["The whale, the whale! It's 12 + 345.\n\nfoo(bar[0]);  naïve café\r\n".repeat(5)], {
  vocabSize: 300,
});

interface Case {
  readonly mixture: Partial<MixtureConfig>;
  readonly model?: Partial<ModelConfig>;
  readonly type?: "Q8_0";
}

const CASES: Readonly<Record<string, Case>> = {
  "all experts of Llama": { mixture: { routing: "soft" } },
  "two experts of Llama, in 8 bits": { mixture: { routing: "top-2" }, type: "Q8_0" },
  "one expert of Llama": { mixture: { routing: "sample" }, model: { tiedEmbeddings: true, headSize: 32 } },
  "two experts of Qwen2": { mixture: { routing: "top-2" }, model: BEYOND_PLAIN["biases on q, k and v"] },
  "two experts of Qwen3": { mixture: { routing: "top-2" }, model: { qkNorm: true, headSize: 32 } },
};

/** A mixture of three decoders, with routers that matter. */
function mixtureOf({ mixture: changes, model: shape = {} }: Case): {
  readonly config: ModelConfig;
  readonly mixture: MixtureConfig;
  readonly tensors: HostWeights;
} {
  const size = { width: 64, inner: 96, contextLength: 64, layers: 2, vocabSize: openTokenizer(TOKENIZER).vocabSize };
  const config: ModelConfig = { ...TINY, ...size, ...shape };
  const mixture = mixtureConfigSchema.parse(changes);
  return { config, mixture, tensors: noisyMixture(mixture, { config }) };
}

optionalTest("python-llama-cpp", "llama.cpp agrees on mixtures of every kind that we write", async () => {
  const folder = await Deno.makeTempDir();
  await using _device = await openDevice("reference");
  try {
    const { endOfText, encode } = openTokenizer(TOKENIZER);
    const ids = [endOfText, ...encode(TEXT)];
    const files: Record<string, string> = {};
    const ours: Record<string, ArrayLike<number>> = {};
    for (const [name, one] of Object.entries(CASES)) {
      const { config, mixture, tensors } = mixtureOf(one);
      const path = files[name] = `${folder}/${name}.gguf`;
      const model = { config, mixture, models: 3, tensors, tokenizer: TOKENIZER, name };
      await writeMixtureGguf(path, model, one.type ?? "F32");
      using weights = toDevice(tensors);
      const whole = mixtureLanguageModel(mixtureModel({ config, mixture, models: 3, weights }));
      const input = () => tf.tensor2d(ids, [1, ids.length], "int32");
      const all = tf.tidy(() => tf.logSoftmax(whole.logits(input())).dataSync<"float32">());
      ours[name] = all.slice(-config.vocabSize);
    }
    const answers = await askLlamaCpp({ files, ids, text: TEXT, letter: encode("x")[0]! }, folder);
    for (const [name, { type }] of Object.entries(CASES)) {
      for (const prompt of ["ids", "text"]) {
        const { tokens, next } = answers[`${name} ${prompt}`]!;
        assert.equal(tokens, ids.length);
        const difference = Math.max(...next.map(({ id, logprob }) => Math.abs(logprob - ours[name]![id]!)));
        if (Deno.env.get("STITCHBOOK_SHOW") === "1") console.log(`${name}, ${prompt}: ${difference}`);
        assert.ok(
          difference < (type === undefined ? 1e-4 : 0.5),
          `${name}, ${prompt}: the difference is ${difference}`,
        );
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("experts are stacked as Mixtral's are, and the file is refused as a plain decoder", async () => {
  const path = await Deno.makeTempFile({ suffix: ".gguf" });
  try {
    const { config, mixture, tensors } = mixtureOf(CASES["two experts of Llama, in 8 bits"]!);
    await writeMixtureGguf(path, { config, mixture, models: 3, tensors }, "F32");
    {
      using file = await openGguf(path);
      assert.deepEqual([...file.tensors.keys()].filter((name) => name.startsWith("blk.1.ffn")), [
        "blk.1.ffn_norm.weight",
        ...["gate_inp", "gate_exps", "up_exps", "down_exps"].map((name) => `blk.1.ffn_${name}.weight`),
      ]);
      assert.deepEqual(file.tensors.get("blk.1.ffn_down_exps.weight")!.shape, [3, config.width, config.inner]);
      const last = tensors["model.layers.1.mlp.experts.2.down_proj.weight"]!.data;
      assert.deepEqual(file.read("blk.1.ffn_down_exps.weight").slice(-last.length), last);
      assert.deepEqual(file.read("blk.0.ffn_gate_inp.weight"), tensors["model.layers.0.mlp.router.weight"]!.data);
      assert.deepEqual(["count", "used_count"].map((key) => file.metadata.get(`llama.expert_${key}`)), [3, 2]);
    }
    await assert.rejects(loadGguf(path), { code: "gguf.unsupported", message: /a mixture of experts/ });
    const [name] = Object.keys(tensors).filter((name) => name.includes(".experts.1."));
    const { [name!]: _, ...lacking } = tensors;
    await assert.rejects(
      writeMixtureGguf(path, { config, mixture, models: 3, tensors: lacking }, "F32"),
      { code: "model.weights", message: /with its expert 1, lacks the weight/ },
    );
    await assert.rejects(
      writeMixtureGguf(path, { config, mixture, models: 2, tensors }, "F32"),
      { code: "model.weights", message: /no router ".*" of the shape \[2,64\]/ },
    );
  } finally {
    await Deno.remove(path);
  }
});
