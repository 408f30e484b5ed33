// Python's gguf and transformers read the files that we write.
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { loadGguf, saveGguf, WRITTEN_TYPES, type WrittenType } from "../../lib/gguf/mod.ts";
import { pythonCommand } from "../../lib/host/mod.ts";
import { readSafetensors, saveModelFolder } from "../../lib/huggingface/mod.ts";
import {
  decoder,
  type HostWeights,
  initialWeights,
  type ModelConfig,
  modelConfigSchema,
  toDevice,
} from "../../lib/model/mod.ts";
import { optionalTest } from "../optional.ts";

const TOKENIZER = trainTokenizer(["The whale, the whale! It's 12 + 345.\n".repeat(5)], { vocabSize: 280 });

function python(script: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(pythonCommand(), { args: ["-c", script, ...args] }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr));
}

function configFor(type: WrittenType): ModelConfig {
  return modelConfigSchema.parse({
    vocabSize: openTokenizer(TOKENIZER).vocabSize,
    width: 64,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    inner: 96,
    contextLength: 32,
    ropeTheta: 500,
    normEps: 1e-4,
    tiedEmbeddings: type !== "F32",
  });
}

/** Larger than the initial weights, so that every part of the decoder affects the logits. */
function weightsFor(config: ModelConfig): HostWeights {
  const tensors = initialWeights(config, 3);
  for (const { shape, data } of Object.values(tensors)) {
    if (shape.length > 1) data.forEach((w, i) => data[i] = 10 * w);
  }
  return tensors;
}

optionalTest(
  "python-gguf",
  "files that we write, and a folder made of one, have our logits in transformers",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      for (const type of WRITTEN_TYPES) {
        const config = configFor(type);
        const model = {
          config,
          tensors: weightsFor(config),
          tokenizer: TOKENIZER,
          chatTemplate: "{{ messages[0].content }}!",
        };
        await saveGguf(`${folder}/${type}.gguf`, model, type);
      }
      const { config, tensors, tokenizer, special, chatTemplate } = await loadGguf(`${folder}/F32.gguf`);
      assert.ok(tokenizer !== undefined && chatTemplate !== undefined);
      await saveModelFolder(`${folder}/converted`, { config, tensors, tokenizer, special, chatTemplate });
      // One process for all: transformers takes seconds to load.
      python(
        `
import sys, gguf, torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, kinds = sys.argv[1], sys.argv[2:]
ids = torch.arange(0, 60, 3).reshape(1, 20)
expected = {"ids": ids.int()}
for kind in kinds:
    reader = gguf.GGUFReader(f"{folder}/{kind}.gguf")
    assert reader.fields["general.architecture"].contents() == "llama"
    assert reader.fields["tokenizer.chat_template"].contents() == "{{ messages[0].content }}!"
    assert len(reader.fields["tokenizer.ggml.tokens"].contents()) == reader.fields["llama.vocab_size"].contents()
    found = {tensor.tensor_type.name for tensor in reader.tensors}
    assert found == {"F32", kind}, found
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=f"{kind}.gguf", dtype=torch.float32)
    with torch.no_grad(): expected[kind] = model(ids).logits
converted = AutoModelForCausalLM.from_pretrained(folder + "/converted", dtype=torch.float32)
with torch.no_grad(): assert torch.equal(converted(ids).logits, expected["F32"])
tokenizer = AutoTokenizer.from_pretrained(folder + "/converted")
assert tokenizer.eos_token == "<|endoftext|>" and converted.config.eos_token_id == tokenizer.eos_token_id
assert tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False) == "Hi!"
save_file(expected, folder + "/expected.safetensors")
`,
        folder,
        ...WRITTEN_TYPES,
      );
      const expected = (await readSafetensors(`${folder}/expected.safetensors`)).tensors;
      await tf.setBackend("cpu");
      for (const type of WRITTEN_TYPES) {
        const wanted = expected.get(type)!.data as Float32Array;
        const loaded = await loadGguf(`${folder}/${type}.gguf`);
        using weights = toDevice(loaded.tensors);
        const input = () => tf.tensor2d(expected.get("ids")!.data as Int32Array, [1, 20], "int32");
        const logits = tf.tidy(() => decoder(loaded.config, weights).logits(input()).dataSync<"float32">());
        const largest = wanted.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
        const difference = wanted.reduce((max, value, i) => Math.max(max, Math.abs(value - logits[i]!)), 0);
        assert.ok(largest > 1, `${type}: the largest logit is ${largest}`);
        assert.ok(difference < 1e-4 * largest, `${type}: the largest difference is ${difference} of ${largest}`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
