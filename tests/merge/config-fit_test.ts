// Whether `config.json` is there and describes the weights: the error, and what --allow-config-mismatch says instead.
import assert from "node:assert/strict";
import { mergeCommand } from "../../lib/cli/merge.ts";
import { type Dtype, openWeightFiles } from "../../lib/huggingface/mod.ts";
import { mergeFolders } from "../../lib/merge/mod.ts";
import { configDoubt } from "../../lib/merge/weights/config-fit.ts";
import { changeFile, namesIn, refuses, request, withModels } from "./model-folders.ts";

/** Weights with these names and shapes. */
const weightsOf = (shapes: Readonly<Record<string, readonly number[]>>) =>
  new Map(Object.entries(shapes).map(([name, shape]) => [name, { dtype: "F32" as Dtype, shape }]));

const GPT2 = weightsOf({
  "transformer.wte.weight": [30, 8],
  "transformer.h.0.attn.c_attn.weight": [8, 24],
  "transformer.h.1.attn.c_attn.weight": [8, 24],
});
const GPT2_CONFIG = { model_type: "gpt2", n_layer: 2, n_embd: 8, vocab_size: 30 };

const CASES: readonly [
  what: string,
  config: Record<string, unknown>,
  weights: typeof GPT2,
  says: string | undefined,
][] = [
  ["none", {}, GPT2, "it has no config.json"],
  ["one that fits", GPT2_CONFIG, GPT2, undefined],
  ["one that says nothing", { model_type: "odd" }, GPT2, undefined],
  ["more layers", { ...GPT2_CONFIG, n_layer: 3 }, GPT2, "n_layer is 3, and they have 2 layers"],
  ["fewer layers", { ...GPT2_CONFIG, n_layer: 1 }, GPT2, "n_layer is 1, and they have 2 layers"],
  ["layers that predict further tokens", { ...GPT2_CONFIG, n_layer: 1, num_nextn_predict_layers: 1 }, GPT2, undefined],
  ["another width", { ...GPT2_CONFIG, n_embd: 9 }, GPT2, 'n_embd is 9, and "transformer.wte.weight" is [30,8]'],
  ["embeddings of their own width", { ...GPT2_CONFIG, n_embd: 9, word_embed_proj_dim: 8 }, GPT2, undefined],
  ["another vocabulary", { ...GPT2_CONFIG, vocab_size: 31 }, GPT2, "vocab_size is 31"],
  ["a part for text", { model_type: "x", text_config: { ...GPT2_CONFIG, n_layer: 3 } }, GPT2, "n_layer is 3"],
  ["quantized weights", { ...GPT2_CONFIG, n_layer: 3, quantization_config: { bits: 4 } }, GPT2, undefined],
  [
    "an encoder and a decoder",
    { model_type: "t5", num_layers: 4, d_model: 8, vocab_size: 30 },
    weightsOf({ "shared.weight": [30, 8], "encoder.block.1.x": [1], "decoder.block.3.x": [1] }),
    undefined,
  ],
  ["one without layers", { ...GPT2_CONFIG, n_layer: 3 }, weightsOf({ "x.weight": [1] }), undefined],
];

for (const [what, config, weights, says] of CASES) {
  Deno.test(`\`configDoubt()\` compares config.json with the weights: ${what}`, () => {
    const doubt = configDoubt(config, weights);
    if (says === undefined) return assert.equal(doubt, undefined);
    assert.ok(doubt?.includes(says), doubt);
  });
}

Deno.test("every model's config.json must ask for the weights that its folder has, unless --allow-config-mismatch", async () => {
  await withModels(async (folder) => {
    const [a, b] = [`${folder}/a`, `${folder}/b`];
    const before = await Deno.readTextFile(`${b}/config.json`);
    const cases: [change: Record<string, unknown>, says: string][] = [
      [{ num_hidden_layers: 4 }, "num_hidden_layers is 4, and they have 3 layers"],
      [{ vocab_size: 99 }, 'vocab_size is 99, and "model.embed_tokens.weight" is'],
      [{ intermediate_size: 32 }, 'asks for "model.layers.0.mlp.gate_proj.weight" as [32,16], which is [24,16]'],
      [{ attention_bias: true }, 'asks for "model.layers.0.self_attn.q_proj.bias", which they lack'],
      [{ tie_word_embeddings: true, num_attention_heads: 2 }, 'asks for "model.layers.0.self_attn.q_proj.weight" as'],
    ];
    for (const [change, says] of cases) {
      await changeFile(`${b}/config.json`, (json) => Object.assign(json, change));
      for (const models of [[b], [b, b]]) {
        const merge = { method: "linear", base: undefined, models, settings: {} };
        await assert.rejects(mergeFolders(request(folder, merge)), refuses("merge.config", `"${b}"`, says));
        assert.deepEqual(namesIn(folder), ["a", "b", "seed"]);
      }
      await Deno.writeTextFile(`${b}/config.json`, before);
    }
    await Deno.remove(`${b}/config.json`);
    await assert.rejects(
      mergeFolders(request(folder)),
      (error: { hint?: string }) =>
        refuses("merge.config", `Cannot merge "${b}": it has no config.json`)(error) &&
        error.hint!.includes("--allow-config-mismatch"),
    );
    const lines: string[] = [];
    const out = `${folder}/out`;
    await mergeCommand(["-m", "linear", a, b, "--allow-config-mismatch", "-o", out], (line) => lines.push(line));
    assert.ok(lines.join("\n").includes(`warning: "${b}" was merged although it has no config.json`), lines.join());
    (await openWeightFiles(out)).close();
  });
});
