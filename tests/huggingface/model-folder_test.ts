// Hugging Face model folders: saving, loading, shards, and errors.
import assert from "node:assert/strict";
import { UserError } from "../../lib/errors.ts";
import { loadModelFolder, readSafetensors, saveModelFolder, writeSafetensors } from "../../lib/huggingface/mod.ts";
import { type HostTensor, type HostWeights, initialWeights, type ModelConfig } from "../../lib/model/mod.ts";
import { fromHuggingFaceConfig, toHuggingFaceConfig } from "../../lib/huggingface/llama-config.ts";

const CONFIG: ModelConfig = {
  vocabSize: 12,
  width: 8,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  inner: 12,
  contextLength: 16,
  ropeTheta: 500,
  normEps: 1e-4,
  tiedEmbeddings: false,
};
const TOKENIZER = { version: "1.0", added_tokens: [{ id: 3, content: "<|endoftext|>", special: true }] };

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const writeJson = (path: string, value: unknown) => Deno.writeTextFile(path, JSON.stringify(value));
const readJson = async (path: string) => JSON.parse(await Deno.readTextFile(path));

/** Checks that the promise rejects with a UserError that matches all patterns. */
function refuses(promise: Promise<unknown>, ...says: RegExp[]): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    for (const pattern of says) assert.match(error.message, pattern);
    return true;
  });
}

for (const tiedEmbeddings of [false, true]) {
  Deno.test(`\`loadModelFolder()\` gives back what was saved, embeddings ${tiedEmbeddings ? "tied" : "untied"}`, () =>
    withFolder(async (folder) => {
      const config = { ...CONFIG, tiedEmbeddings };
      const tensors = initialWeights(config, 1);
      await saveModelFolder(`${folder}/a/b`, { config, tensors, tokenizer: TOKENIZER, metadata: { step: "7" } });
      assert.deepEqual(await loadModelFolder(`${folder}/a/b`), { config, tensors, tokenizer: TOKENIZER });
      const { metadata } = await readSafetensors(`${folder}/a/b/model.safetensors`);
      assert.deepEqual({ ...metadata }, { format: "pt", step: "7" });
      assert.equal((await readJson(`${folder}/a/b/config.json`)).eos_token_id, 3);
    }));
}

Deno.test("`saveModelFolder()` refuses weights of another shape, and writes nothing", () =>
  withFolder(async (folder) => {
    const tensors = initialWeights({ ...CONFIG, inner: 10 }, 1);
    await refuses(saveModelFolder(`${folder}/m`, { config: CONFIG, tensors }), /gate_proj/);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("`loadModelFolder()` reads shards, and checks their names and contents", () =>
  withFolder(async (folder) => {
    const tensors = initialWeights(CONFIG, 1);
    await saveModelFolder(folder, { config: CONFIG, tensors });
    await Deno.remove(`${folder}/model.safetensors`);
    const names = Object.keys(tensors);
    const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
    const map = Object.fromEntries(names.map((name, i) => [name, shards[i % 2]!]));
    for (const shard of shards) {
      const part = names.filter((name) => map[name] === shard);
      await writeSafetensors(`${folder}/${shard}`, Object.fromEntries(part.map((name) => [name, tensors[name]!])));
    }
    const index = `${folder}/model.safetensors.index.json`;
    await writeJson(index, { metadata: {}, weight_map: map });
    assert.deepEqual((await loadModelFolder(folder)).tensors, tensors);

    const first = names[0]!;
    const bad = [
      "../x.safetensors",
      "a/b.safetensors",
      "/etc/x.safetensors",
      "a\\b.safetensors",
      "..",
      "",
      "config.json",
    ];
    for (const name of [...bad, "a..safetensors", "a\0.safetensors", 3, null, {}]) {
      await writeJson(index, { weight_map: { ...map, [first]: name } });
      await refuses(loadModelFolder(folder), /index\.json/, /embed_tokens/);
    }
    await writeJson(index, { weight_map: { ...map, [first]: map[names[1]!] } });
    await refuses(loadModelFolder(folder), /embed_tokens.*is not in "model-00002/);
    await writeJson(index, { weight_map: { ...map, [first]: "gone.safetensors" } });
    await refuses(loadModelFolder(folder), /gone\.safetensors/);
    for (const value of [{}, { weight_map: [] }, { weight_map: null }, []]) {
      await writeJson(index, value);
      await refuses(loadModelFolder(folder), /index\.json/);
    }
    await writeJson(index, { weight_map: JSON.parse(`{"__proto__":"${shards[0]}"}`) });
    await refuses(loadModelFolder(folder), /"__proto__" is not in/);
  }));

Deno.test("`loadModelFolder()` names missing and unexpected parts of a folder", () =>
  withFolder(async (folder) => {
    await refuses(loadModelFolder(folder), /config\.json/);
    const tensors = initialWeights(CONFIG, 1);
    await saveModelFolder(folder, { config: CONFIG, tensors, tokenizer: TOKENIZER });
    const weights = `${folder}/model.safetensors`;
    const { "model.norm.weight": norm, ...rest } = tensors;
    await writeSafetensors(weights, rest);
    await refuses(loadModelFolder(folder), /model\.norm\.weight/);
    await writeSafetensors(weights, { ...tensors, odd: norm! });
    await refuses(loadModelFolder(folder), /odd/);
    await writeSafetensors(weights, { ...tensors, "model.norm.weight": { shape: [8], data: new Int32Array(8) } });
    await refuses(loadModelFolder(folder), /model\.norm\.weight.*I32/);
    await writeSafetensors(weights, { ...tensors, "model.layers.0.self_attn.rotary_emb.inv_freq": norm! });
    assert.deepEqual((await loadModelFolder(folder)).tensors, tensors);
    await Deno.remove(weights);
    await refuses(loadModelFolder(folder), /model\.safetensors/);
    for (const text of ["", "{", "[]", '{"a":1,"a":2}', "\xff"]) {
      await Deno.writeTextFile(`${folder}/config.json`, text);
      await refuses(loadModelFolder(folder), /config\.json/);
    }
  }));

Deno.test("`loadModelFolder()` goes by the stored head rather than tie_word_embeddings, with a warning", () =>
  withFolder(async (folder) => {
    const config = { ...CONFIG, tiedEmbeddings: true };
    const tensors = initialWeights(config, 1);
    await saveModelFolder(folder, { config, tensors });
    const embeddings = tensors["model.embed_tokens.weight"]!;
    const load = async (stored: HostWeights) => {
      await writeSafetensors(`${folder}/model.safetensors`, stored);
      const warnings: string[] = [];
      return { ...await loadModelFolder(folder, (text) => warnings.push(text)), warnings };
    };
    assert.deepEqual(await load({ ...tensors, "lm_head.weight": embeddings }), { config, tensors, warnings: [] });
    const { "model.embed_tokens.weight": _, ...others } = tensors;
    assert.deepEqual(await load({ ...others, "lm_head.weight": embeddings }), { config, tensors, warnings: [] });
    const head = { shape: embeddings.shape, data: embeddings.data.map((value, i) => i === 5 ? value + 1 : value) };
    const loaded = await load({ ...tensors, "lm_head.weight": head });
    assert.deepEqual(loaded.config, { ...config, tiedEmbeddings: false });
    assert.deepEqual(loaded.tensors, { ...tensors, "lm_head.weight": head });
    assert.match(loaded.warnings.join(), /config\.json.*tie_word_embeddings.*lm_head\.weight/);
    await refuses(load({ ...tensors, "lm_head.weight": { shape: [1, 8], data: new Float32Array(8) } }), /lm_head/);
  }));

Deno.test("`loadModelFolder()` says which types it reads and how to convert others", () =>
  withFolder(async (folder) => {
    const tensors = initialWeights(CONFIG, 1);
    await saveModelFolder(folder, { config: CONFIG, tensors });
    const weights = `${folder}/model.safetensors`;
    for (const data of [new Float64Array(8), new Int8Array(8)]) {
      await writeSafetensors(weights, {
        ...tensors,
        "model.norm.weight": { shape: [8], data } as unknown as HostTensor,
      });
      await assert.rejects(loadModelFolder(folder), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, /model\.norm\.weight.*type is (F64|I8).*F32, F16, BF16/);
        assert.match(error.hint!, /^Convert/);
        return true;
      });
    }
  }));

Deno.test("`fromHuggingFaceConfig()` inverts `toHuggingFaceConfig()`", () => {
  for (const config of [CONFIG, { ...CONFIG, tiedEmbeddings: true, kvHeads: 4, ropeTheta: 10_000 }]) {
    assert.deepEqual(fromHuggingFaceConfig(toHuggingFaceConfig(config)), config);
  }
});

Deno.test("`fromHuggingFaceConfig()` accepts the keys of older versions, with defaults", () => {
  const { rope_parameters: _, num_key_value_heads: __, head_dim: ___, ...old } = toHuggingFaceConfig(CONFIG);
  assert.deepEqual(fromHuggingFaceConfig({ ...old, rope_scaling: null }), { ...CONFIG, kvHeads: CONFIG.heads });
});

Deno.test("`fromHuggingFaceConfig()` accepts every way to describe a plain Llama", () => {
  const { rope_parameters: _, rope_theta: __, ...good } = toHuggingFaceConfig(CONFIG);
  const theta = { ...CONFIG, ropeTheta: 500_000 };
  const plain: [Record<string, unknown>, ModelConfig][] = [
    [{ rope_scaling: { rope_type: "default", rope_theta: 500_000 } }, theta],
    [{ rope_scaling: { type: "default" }, rope_theta: 500_000 }, theta],
    [{ rope_scaling: {}, rope_parameters: { rope_theta: 500_000 }, rope_theta: 3 }, theta],
    [{ rope_parameters: { rope_type: "default", rope_theta: null }, rope_theta: 500_000 }, theta],
    // As in transformers, rope_scaling takes precedence over rope_parameters, and both over the top level.
    [{ rope_scaling: { rope_theta: 500_000 }, rope_parameters: { rope_theta: 4 }, rope_theta: 3 }, theta],
    [{ rope_scaling: { rope_type: "default", factor: 1.0 }, rope_theta: 500_000 }, theta],
    [{ partial_rotary_factor: 1, rope_theta: 500_000 }, theta],
    [{}, { ...CONFIG, ropeTheta: 10_000 }],
    [{ hidden_act: "swish", rope_theta: 500 }, CONFIG],
    [{ num_key_value_heads: null, rope_theta: 500 }, { ...CONFIG, kvHeads: CONFIG.heads }],
    [{ attention_bias: null, mlp_bias: null, tie_word_embeddings: null, rope_theta: 500 }, CONFIG],
  ];
  for (const [change, expected] of plain) {
    assert.deepEqual(fromHuggingFaceConfig({ ...good, ...change }), expected, JSON.stringify(change));
  }
});

Deno.test("`fromHuggingFaceConfig()` refuses models that the decoder cannot compute", () => {
  const good = toHuggingFaceConfig(CONFIG);
  const bad: [Record<string, unknown>, RegExp][] = [
    [{ model_type: "gpt2" }, /model_type/],
    [{ hidden_act: "gelu" }, /hidden_act/],
    [{ model_type: "qwen2" }, /architectures.*LlamaForCausalLM.*Qwen2ForCausalLM/],
    [{ architectures: ["LlamaForSequenceClassification"] }, /architectures.*LlamaForSequenceClassification/],
    [{ rope_scaling: { rope_type: "llama3", factor: 8 } }, /rope_scaling\.low_freq_factor.*llama3/],
    [{ rope_parameters: { rope_type: "yarn", factor: 0.5 } }, /rope_parameters\.factor.*yarn/],
    [{ rope_scaling: { type: "longrope", factor: 2 } }, /rope_scaling.*longrope.*linear, dynamic, yarn, llama3/],
    [
      { rope_scaling: { type: "linear", factor: 0 }, rope_parameters: { rope_type: "default" } },
      /rope_scaling\.factor.*linear/,
    ],
    [{ rope_scaling: { type: "linear", factor: 2, attention_factor: 3 } }, /rope_scaling.*attention_factor/],
    [{ sliding_window: 8 }, /sliding_window is 8.*llama/],
    [{ layer_types: ["sliding_attention", "full_attention"] }, /layer_types/],
    [{ final_logit_softcapping: 30 }, /final_logit_softcapping is 30/],
    [{ attn_logit_softcapping: 50 }, /attn_logit_softcapping/],
    [{ embedding_multiplier: 12 }, /embedding_multiplier is 12.*only 1/],
    [{ num_local_experts: 8 }, /num_local_experts/],
    [{ quantization_config: { quant_method: "gptq" } }, /quantization_config.*gptq/],
    [
      { rope_parameters: { full_attention: { rope_theta: 1 }, sliding_attention: { rope_theta: 2 } } },
      /rope_parameters/,
    ],
    [{ rope_parameters: { rope_theta: 500, partial_rotary_factor: 0.5 } }, /partial_rotary_factor/],
    [{ partial_rotary_factor: 0.5 }, /partial_rotary_factor/],
    [{ rope_scaling: { rope_theta: "large" } }, /rope_scaling\.rope_theta/],
    [{ head_dim: 5 }, /5 is odd/],
    [{ num_key_value_heads: 3 }, /num_key_value_heads 3/],
    [{ num_attention_heads: 3, num_key_value_heads: 1, head_dim: null }, /num_attention_heads 3/],
    [{ vocab_size: -1 }, /vocab_size/],
    [{ vocab_size: 1.5 }, /vocab_size/],
    [{ rms_norm_eps: "small" }, /rms_norm_eps/],
    [{ rms_norm_eps: 5 }, /normEps/],
  ];
  for (const [change, says] of bad) {
    assert.throws(() => fromHuggingFaceConfig({ ...good, ...change }, "x/config.json"), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, says);
      assert.match(error.message, /x\/config\.json/);
      return true;
    });
  }
  for (const value of [null, [], "llama"]) assert.throws(() => fromHuggingFaceConfig(value), UserError);
});
