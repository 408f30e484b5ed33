// Which differences between config.json files matter, and which do not.
import assert from "node:assert/strict";
import { configMismatch } from "../../lib/merge/weights/configs.ts";

type Config = Record<string, unknown>;

const LLAMA = {
  model_type: "llama",
  hidden_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  hidden_act: "silu",
  rms_norm_eps: 1e-5,
  rope_theta: 500_000,
  max_position_embeddings: 128,
};
const QWEN2 = { ...LLAMA, model_type: "qwen2", use_sliding_window: false, sliding_window: 4096, max_window_layers: 28 };
const GEMMA2 = {
  ...LLAMA,
  model_type: "gemma2",
  hidden_activation: "gelu_pytorch_tanh",
  query_pre_attn_scalar: 256,
  attn_logit_softcapping: 50.0,
  final_logit_softcapping: 30.0,
  sliding_window: 4096,
  head_dim: 32,
};
const GEMMA3 = {
  ...LLAMA,
  model_type: "gemma3_text",
  hidden_activation: "gelu_pytorch_tanh",
  rope_theta: 1_000_000,
  rope_local_base_freq: 10_000,
  rope_scaling: { factor: 8, rope_type: "linear" },
};
const NEOX = {
  model_type: "gpt_neox",
  hidden_size: 64,
  num_attention_heads: 4,
  rotary_pct: 0.25,
  rotary_emb_base: 10_000,
};
const LLAMA3 = {
  rope_type: "llama3",
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};

/** The configuration without some keys. */
function without(config: Config, ...keys: string[]): Config {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !keys.includes(key)));
}

async function mismatchOf(...configs: Config[]): Promise<string | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [i, config] of configs.entries()) {
      await Deno.mkdir(`${folder}/m${i}`);
      await Deno.writeTextFile(`${folder}/m${i}/config.json`, JSON.stringify(config));
    }
    return await configMismatch(configs.map((_, i) => `${folder}/m${i}`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Equivalent configurations. */
const EQUAL: readonly [what: string, a: Config, b: Config][] = [
  ["the same", LLAMA, LLAMA],
  ["names, versions, ids, training and generation", LLAMA, {
    ...LLAMA,
    _name_or_path: "x",
    architectures: ["Other"],
    transformers_version: "4.31.0",
    unsloth_version: "2025.1",
    torch_dtype: "bfloat16",
    dtype: "float16",
    bos_token_id: 3,
    eos_token_id: [1, 2],
    attention_dropout: 0.1,
    initializer_range: 0.5,
    use_cache: false,
    max_position_embeddings: 4096,
    router_aux_loss_coef: 0.1,
    id2label: { 0: "a" },
    vocab_size: 3,
    temperature: 0.7,
    attn_implementation: "eager",
  }],
  ["keys in another order", { ...LLAMA, rope_scaling: LLAMA3 }, {
    rope_scaling: Object.fromEntries(Object.entries(LLAMA3).reverse()),
    ...Object.fromEntries(Object.entries(LLAMA).reverse()),
  }],
  ["RoPE of versions 4 and 5", LLAMA, {
    ...without(LLAMA, "rope_theta"),
    rope_parameters: { rope_type: "default", rope_theta: 500_000.0 },
  }],
  ["scaled RoPE of versions 4 and 5", { ...LLAMA, rope_scaling: LLAMA3 }, {
    ...without(LLAMA, "rope_theta"),
    rope_parameters: { rope_theta: 500_000, ...LLAMA3 },
  }],
  ["`type` and `rope_type`", { ...LLAMA, rope_scaling: { type: "linear", factor: 2 } }, {
    ...LLAMA,
    rope_scaling: { rope_type: "linear", factor: 2.0 },
  }],
  ["no scaling, however it is written", { ...LLAMA, rope_scaling: null }, {
    ...LLAMA,
    rope_scaling: { rope_type: "default", rope_theta: 500_000 },
  }],
  ["the default theta", { ...LLAMA, rope_theta: 10_000 }, without(LLAMA, "rope_theta")],
  ["the default epsilon", { ...LLAMA, rms_norm_eps: 1e-6 }, without(LLAMA, "rms_norm_eps")],
  ["the default of Mixtral", { ...LLAMA, model_type: "mixtral", rope_theta: 1e6 }, {
    ...without(LLAMA, "rope_theta"),
    model_type: "mixtral",
  }],
  ["swish is silu", LLAMA, { ...LLAMA, hidden_act: "swish" }],
  ["two names of one GELU", { ...LLAMA, hidden_act: "gelu_new" }, { ...LLAMA, hidden_act: "gelu_pytorch_tanh" }],
  ["heads that follow from others", { ...LLAMA, num_key_value_heads: 4 }, {
    ...LLAMA,
    num_key_value_heads: null,
    head_dim: 16,
  }],
  ["off, however it is written", LLAMA, { ...LLAMA, attention_bias: false, mlp_bias: null, rope_scaling: {} }],
  ["windows that are not used", QWEN2, { ...QWEN2, sliding_window: 32_768, max_window_layers: 21 }],
  ["the windows of Qwen before and after version 4.5", QWEN2, {
    ...QWEN2,
    sliding_window: null,
    layer_types: ["full_attention", "full_attention"],
  }],
  ["Gemma's two keys for one function", { ...GEMMA2, hidden_act: "gelu" }, GEMMA2],
  ["Gemma 3 of versions 4 and 5", GEMMA3, {
    ...without(GEMMA3, "rope_theta", "rope_local_base_freq", "rope_scaling"),
    rope_parameters: {
      full_attention: { rope_type: "linear", factor: 8, rope_theta: 1_000_000 },
      sliding_attention: { rope_type: "default", rope_theta: 10_000 },
    },
  }],
  ["GPT-NeoX of versions 4 and 5", NEOX, {
    ...without(NEOX, "rotary_pct", "rotary_emb_base"),
    rope_parameters: { rope_type: "default", rope_theta: 10_000, partial_rotary_factor: 0.25 },
  }],
  ["GPT-NeoX without what is default", NEOX, without(NEOX, "rotary_pct", "rotary_emb_base")],
  ["parts of a model", { model_type: "gemma3", text_config: GEMMA3 }, {
    model_type: "gemma3",
    text_config: { ...GEMMA3, use_cache: false },
  }],
  ["a model of an unknown kind that says less", { model_type: "mine", alpha: 2, beta: 3 }, {
    model_type: "mine",
    alpha: 2,
  }],
  ["no configuration", LLAMA, {}],
];

for (const [what, a, b] of EQUAL) {
  Deno.test(`\`configMismatch()\` sees no difference: ${what}`, async () => {
    assert.equal(await mismatchOf(a, b), undefined);
    assert.equal(await mismatchOf(b, a), undefined);
  });
}

/** A configuration, a change, and what the description includes. */
const DIFFERENT: readonly [a: Config, change: Config, ...says: string[]][] = [
  [LLAMA, { rope_theta: 10_000 }, "rope_theta is 500000 and 10000"],
  [LLAMA, { rms_norm_eps: 1e-6 }, "rms_norm_eps is 1e-5 and 1e-6"],
  [
    LLAMA,
    { rope_scaling: { type: "linear", factor: 8 } },
    'rope_scaling is null (by default) and {"rope_type":"linear","factor":8}',
  ],
  [{ ...LLAMA, rope_scaling: LLAMA3 }, { rope_scaling: { ...LLAMA3, factor: 16 } }, '"factor":8', '"factor":16'],
  [{ ...LLAMA, rope_scaling: { type: "dynamic", factor: 2 } }, { max_position_embeddings: 64 }, "rope_scaling"],
  [LLAMA, { rope_parameters: { rope_type: "default", rope_theta: 3 } }, "rope_theta is 500000 and 3"],
  [LLAMA, { partial_rotary_factor: 0.5 }, "partial_rotary_factor is 1 (by default) and 0.5"],
  [
    LLAMA,
    { num_attention_heads: 8 },
    "num_attention_heads is 4 and 8",
  ],
  [LLAMA, { num_key_value_heads: null }, "num_key_value_heads is 2 and 4 (by default)"],
  [LLAMA, { head_dim: 32 }, "head_dim is 16 (by default) and 32"],
  [LLAMA, { hidden_act: "gelu" }, 'hidden_act is "silu" and "gelu"'],
  [LLAMA, { attention_bias: true }, "attention_bias is false (by default) and true"],
  [LLAMA, { mlp_bias: true }, "mlp_bias is false (by default) and true"],
  [LLAMA, { model_type: "mistral" }, 'model_type is "llama" and "mistral"'],
  [{ ...LLAMA, model_type: "mistral" }, { sliding_window: null }, "sliding_window is 4096 (by default) and null"],
  [QWEN2, { use_sliding_window: true }, "use_sliding_window is false and true"],
  [{ ...QWEN2, use_sliding_window: true }, { sliding_window: 128 }, "sliding_window is 4096 and 128"],
  [GEMMA2, { query_pre_attn_scalar: 144 }, "query_pre_attn_scalar is 256 and 144"],
  [GEMMA2, { final_logit_softcapping: null }, "final_logit_softcapping is 30 and null"],
  [GEMMA2, { attn_logit_softcapping: 20 }, "attn_logit_softcapping is 50 and 20"],
  [GEMMA2, { sliding_window: 512 }, "sliding_window is 4096 and 512"],
  [{ ...GEMMA2, layer_types: ["a", "b"] }, { layer_types: ["b", "a"] }, 'layer_types is ["a","b"] and ["b","a"]'],
  [GEMMA3, { rope_local_base_freq: 5_000 }, "rope_theta of sliding_attention is 10000 and 5000"],
  [GEMMA3, { rope_scaling: null }, 'rope_scaling of full_attention is {"rope_type":"linear","factor":8} and null'],
  [NEOX, { rotary_pct: 1 }, "partial_rotary_factor is 0.25 and 1"],
  [without(NEOX, "rotary_pct"), { rotary_pct: 1 }, "partial_rotary_factor is 0.25 (by default) and 1"],
  [NEOX, { use_parallel_residual: false }, "use_parallel_residual is true (by default) and false"],
  [{ ...LLAMA, model_type: "qwen2_moe" }, { norm_topk_prob: true }, "norm_topk_prob is false (by default) and true"],
  [{ ...LLAMA, model_type: "qwen2_moe" }, { num_experts_per_tok: 8 }, "num_experts_per_tok is 4 (by default) and 8"],
  [{ model_type: "mine", odd_new_scale: 1 }, { odd_new_scale: 2 }, "odd_new_scale is 1 and 2"],
  [
    { model_type: "x", text_config: LLAMA },
    { text_config: { ...LLAMA, rope_theta: 7 } },
    "text_config.rope_theta is 500000 and 7",
  ],
];

for (const [a, change, ...says] of DIFFERENT) {
  Deno.test(`\`configMismatch()\` names the key and both values: ${says[0]}`, async () => {
    const mismatch = await mismatchOf(a, a, { ...a, ...change }) ?? "nothing";
    assert.ok(mismatch.includes('/m0" and "'), mismatch);
    for (const words of says) assert.ok(mismatch.includes(words), `${mismatch} lacks ${words}`);
    assert.ok(await mismatchOf({ ...a, ...change }, a));
  });
}

Deno.test("`configMismatch()` names all keys of the first two models that disagree", async () => {
  const text = await mismatchOf(LLAMA, { ...LLAMA, rope_theta: 1, rms_norm_eps: 2 }, { ...LLAMA, rope_theta: 3 });
  assert.match(text!, /m0" and ".*m1" disagree: rms_norm_eps is 1e-5 and 2; rope_theta is 500000 and 1$/);
});

Deno.test("`configMismatch()` reads numbers that only Python writes", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, limit] of [["a", "Infinity"], ["b", "Infinity"], ["c", "8.0"]]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/config.json`, `{"time_step_limit": [0.0, ${limit}]}`);
    }
    assert.equal(await configMismatch([`${folder}/a`, `${folder}/b`]), undefined);
    assert.match((await configMismatch([`${folder}/a`, `${folder}/c`]))!, /time_step_limit/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
