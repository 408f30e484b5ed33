// Models from layers of models: their config.json, tied heads, and mistakes.
import assert from "node:assert/strict";
import { mergeCommand } from "../../../lib/cli/merge.ts";
import { loadModelFolder, readJson, saveModelFolder } from "../../../lib/huggingface/mod.ts";
import { layerChanges } from "../../../lib/merge/weights/layer-config.ts";
import { bigWeights, TINY } from "../../tiny.ts";
import { changeFile, namesIn, refuses, weights, withModels } from "../model-folders.ts";

/** Merges by a configuration in which `@` stands for the folder of the models. */
async function merge(folder: string, text: string, ...options: string[]): Promise<string> {
  const printed: string[] = [];
  await Deno.writeTextFile(`${folder}/merge.yml`, text.replaceAll("@", `${folder}/`));
  await mergeCommand(["-c", `${folder}/merge.yml`, "-o", `${folder}/out`, ...options], (line) => printed.push(line));
  return printed.join("\n");
}

const STACK = "merge_method: passthrough\nslices:\n  - sources: [{model: @a, layer_range: [0, 2]}]\n" +
  "  - sources: [{model: @b, layer_range: [1, 3]}]\n";

Deno.test("layers of two models stack to a deeper model that loads", async () => {
  await withModels(async (folder) => {
    const text = await merge(folder, STACK);
    assert.match(text, /^Merged by passthrough/);
    const { config, tensors } = await loadModelFolder(`${folder}/out`);
    assert.deepEqual(config, { ...TINY, layers: 4 });
    const layer = (index: number) => `model.layers.${index}.mlp.up_proj.weight`;
    assert.deepEqual(tensors[layer(1)], weights.a![layer(1)]);
    assert.deepEqual(tensors[layer(2)], weights.b![layer(1)]);
    assert.deepEqual(tensors["model.embed_tokens.weight"], weights.a!["model.embed_tokens.weight"]);
    assert.deepEqual(tensors["model.norm.weight"], weights.b!["model.norm.weight"]);
    const made = await readJson(`${folder}/out/merge.json`);
    assert.deepEqual(made.slices, [
      { models: [{ model: `${folder}/a`, layers: [0, 2] }] },
      { models: [{ model: `${folder}/b`, layers: [1, 3] }] },
    ]);
  });
});

Deno.test("a tied head that comes from another model than the embeddings is untied", async () => {
  await withModels(async (folder) => {
    for (const name of ["a", "b"]) {
      const tensors = { ...weights[name]!, "lm_head.weight": weights[name]!["model.embed_tokens.weight"]! };
      await Deno.remove(`${folder}/${name}`, { recursive: true });
      await saveModelFolder(`${folder}/${name}`, { config: { ...TINY, tiedEmbeddings: false }, tensors });
      await changeFile(`${folder}/${name}/config.json`, (config) => config.tie_word_embeddings = true);
    }
    assert.match(await merge(folder, STACK), /sets tie_word_embeddings to false/);
    assert.equal((await readJson(`${folder}/out/config.json`)).tie_word_embeddings, false);
    const { tensors } = await loadModelFolder(`${folder}/out`);
    assert.deepEqual(tensors["lm_head.weight"], weights.b!["model.embed_tokens.weight"]);
  });
});

Deno.test("`layerChanges()` keeps what config.json says about each layer", () => {
  const changes = (config: Record<string, unknown>, ...indices: number[]) =>
    Object.fromEntries(
      layerChanges(config, indices.map((index) => ({ name: "a", config, index })))
        .map(({ path, value }) => [path.join("."), value]),
    );
  const [full, sliding] = ["full_attention", "sliding_attention"];
  const listed = { num_hidden_layers: 3, layer_types: [full, sliding, full], eos_token_id: [1, 2, 3] };
  assert.deepEqual(changes(listed, 0, 1, 2), {});
  assert.deepEqual(changes(listed, 1, 1), { num_hidden_layers: 2, layer_types: [sliding, sliding] });
  assert.deepEqual(changes({ text_config: listed }, 2), {
    "text_config.num_hidden_layers": 1,
    "text_config.layer_types": [full],
  });
  assert.deepEqual(changes({ model_type: "gpt2", n_layer: 2 }, 1), { n_layer: 1 });
  assert.deepEqual(changes({ model_type: "gemma2", num_hidden_layers: 4 }, 1, 3, 2), {
    num_hidden_layers: 3,
    layer_types: [full, full, sliding],
  });
  assert.deepEqual(
    changes({ model_type: "qwen2", num_hidden_layers: 3, use_sliding_window: true, max_window_layers: 2 }, 2, 1),
    { num_hidden_layers: 2, layer_types: [sliding, full] },
  );
  assert.deepEqual(changes({ model_type: "smollm3", num_hidden_layers: 8 }, 3, 4).no_rope_layers, [0, 1]);
  assert.throws(
    () => changes({ num_hidden_layers: 3, first_k_dense_replace: 1 }, 0, 2),
    refuses("merge.layers", '"first_k_dense_replace": 1'),
  );
});

Deno.test("`deno task merge --config` refuses slices that do not fit, and writes nothing", async () => {
  const of = (...sources: string[]) => `slices: [{sources: [${sources.join(", ")}]}]\n`;
  const [a, b] = ["{model: @a, layer_range: [0, 1]}", "{model: @b, layer_range: [0, 2]}"];
  const cases: [text: string, code: string, ...says: string[]][] = [
    [
      `merge_method: passthrough\n${of("{model: @a, layer_range: [0, 4]}")}`,
      "merge.layers",
      "merge.yml:2:",
      "[0, 4]",
      "it has 3 layers",
    ],
    [`merge_method: passthrough\n${of("{model: @a, layer_range: [1, 1]}")}`, "merge.config", ":2:", "layer_range"],
    [`merge_method: passthrough\n${of("{model: @a, layer_range: 2}")}`, "merge.config", ":2:", "layer_range"],
    [`merge_method: passthrough\n${of("{model: @a}")}`, "merge.config", ":2:", "layer_range"],
    [`merge_method: passthrough\nslices: [{models: []}]\n`, "merge.config", ":2:", 'unknown key "models"'],
    [`merge_method: passthrough\nslices: [{parameters: {}}]\n`, "merge.config", ":2:", 'no "sources"'],
    [`merge_method: passthrough\n${of(a)}models: [{model: @a}]\n`, "merge.config", ":2:", "exclude each other"],
    [`merge_method: passthrough\n${of(a, b)}`, "merge.models", ":2:", "exactly 1 model"],
    [`merge_method: linear\nparameters: {weight: 1}\n${of(a, b)}`, "merge.layers", ":3:", "equally many"],
    [`merge_method: ties\nbase_model: @seed\n${of(a)}`, "merge.config", "merge.yml:3:", "lacks the base"],
    [`merge_method: passthrough\n${of(a)}`.replace("@a", "@none"), "model.no-weights", "there is no folder"],
    [
      `merge_method: passthrough\nslices: [{sources: [${a}]}, {sources: [{model: @wide, layer_range: [0, 2]}]}]\n`,
      "merge.shape",
      "Cannot stack layers",
    ],
    [
      "merge_method: linear\nparameters: {weight: 1}\n" + of(a, "{model: @slides, layer_range: [1, 2]}"),
      "merge.config",
      "layer_types is full_attention for layer 0",
      "sliding_attention for layer 1",
    ],
  ];
  await withModels(async (folder) => {
    const wide = { ...TINY, width: 2 * TINY.width };
    await saveModelFolder(`${folder}/wide`, { config: wide, tensors: bigWeights(wide, 1) });
    await saveModelFolder(`${folder}/slides`, { config: TINY, tensors: weights.b! });
    const types = (...layers: string[]) => (config: Record<string, unknown>) => config.layer_types = layers;
    await changeFile(`${folder}/a/config.json`, types("full_attention", "full_attention", "full_attention"));
    await changeFile(`${folder}/slides/config.json`, types("full_attention", "sliding_attention", "full_attention"));
    for (const [text, code, ...says] of cases) {
      await assert.rejects(merge(folder, text), refuses(code, ...says), text);
    }
    assert.deepEqual(namesIn(folder), ["a", "b", "merge.yml", "seed", "slides", "wide"]);
  });
});
