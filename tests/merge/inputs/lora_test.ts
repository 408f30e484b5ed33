// LoRAs merged into their models: PEFT's weights (../fixtures/make_lora.py), and adapters that are refused.
import assert from "node:assert/strict";
import { mergeCommand } from "../../../lib/cli/merge.ts";
import { openWeightFiles, readJson, writeSafetensors } from "../../../lib/huggingface/mod.ts";
import { changeFile, namesIn, refuses } from "../model-folders.ts";

type Tensors = Readonly<Record<string, { readonly shape: number[]; readonly data: Float32Array }>>;
type Config = Readonly<Record<string, unknown>>;

const fixture: {
  readonly models: Readonly<Record<string, { readonly config: Config; readonly tensors: Tensors }>>;
  readonly cases: readonly {
    readonly title: string;
    readonly base: string;
    readonly config: Config;
    readonly adapter: Tensors;
    /** The weights that PEFT changes. */
    readonly changed: Tensors;
  }[];
} = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/lora.json", import.meta.url)),
  (key, value) => key === "data" ? new Float32Array(Uint8Array.fromBase64(value).buffer) : value,
);

/** Runs `body` with a folder that holds the models of the fixture, and the adapter of one case as `lora`. */
async function withAdapter(
  { config, adapter }: { readonly config: Config; readonly adapter: Tensors },
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-lora-" });
  try {
    for (const [name, { config, tensors }] of Object.entries(fixture.models)) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}/config.json`, JSON.stringify(config));
      await writeSafetensors(`${folder}/${name}/model.safetensors`, tensors);
    }
    await Deno.mkdir(`${folder}/lora`);
    await Deno.writeTextFile(`${folder}/lora/adapter_config.json`, JSON.stringify(config));
    await writeSafetensors(`${folder}/lora/adapter_model.safetensors`, adapter);
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Merges, and returns the merged tensors and what is printed. */
async function merged(folder: string, ...args: string[]): Promise<{ tensors: Tensors; text: string }> {
  const printed: string[] = [];
  await mergeCommand([...args, "-o", `${folder}/out`], (line) => printed.push(line));
  const files = await openWeightFiles(`${folder}/out`);
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const tensors = Object.fromEntries(
    [...files.weights].map(([name, { shape }]) => [name, {
      shape: [...shape],
      data: files.read(name, 0, size(shape)),
    }]),
  );
  files.close();
  return { tensors, text: printed.join("\n") };
}

for (const one of fixture.cases) {
  Deno.test(`a LoRA merges into its model as in PEFT: ${one.title}`, async () => {
    await withAdapter(one, async (folder) => {
      const { tensors, text } = await merged(folder, "-m", "passthrough", `${folder}/${one.base}+${folder}/lora`);
      assert.ok(!text.includes("was trained on"), text);
      const before = fixture.models[one.base]!.tensors;
      const names = new Set([...Object.keys(before), ...Object.keys(one.changed)]);
      const isUntied = one.base === "tied" && !Object.hasOwn(one.changed, "lm_head.weight");
      if (isUntied) names.add("lm_head.weight");
      assert.deepEqual(Object.keys(tensors).sort(), [...names].sort());
      for (const [name, { shape, data }] of Object.entries(tensors)) {
        const wanted = one.changed[name] ?? before[name] ?? before["model.embed_tokens.weight"]!;
        assert.deepEqual(shape, wanted.shape);
        const limit = Object.hasOwn(one.changed, name) ? 2e-6 : 0;
        data.forEach((value, i) =>
          assert.ok(Math.abs(value - wanted.data[i]!) <= limit, `${name}[${i}]: ${value}, PEFT ${wanted.data[i]}`)
        );
      }
      const { tie_word_embeddings: tied } = await readJson(`${folder}/out/config.json`);
      if (one.base === "tied") assert.equal(tied, false);
    });
  });
}

const [plain] = fixture.cases as [(typeof fixture.cases)[0]];

Deno.test("a model with a LoRA is merged with others, in pieces and with a mergekit file", async () => {
  await withAdapter(plain, async (folder) => {
    const model = `${folder}/llama`;
    const lora = `${model}+${folder}/lora`;
    await Deno.writeTextFile(
      `${folder}/merge.yml`,
      `merge_method: linear\nmodels: [{model: ${lora}}, {model: ${model}}]\nparameters: {weight: 0.5}\n`,
    );
    const { tensors } = await merged(folder, "-c", `${folder}/merge.yml`);
    const name = "model.layers.0.self_attn.q_proj.weight";
    tensors[name]!.data.forEach((value, i) => {
      const wanted = (plain.changed[name]!.data[i]! + fixture.models.llama!.tensors[name]!.data[i]!) / 2;
      assert.ok(Math.abs(value - wanted) < 2e-6);
    });
    assert.deepEqual((await readJson(`${folder}/out/merge.json`)).models, [lora, model]);
  });
});

Deno.test("a LoRA for another model is refused or warned of, and kinds that are not merged are refused by name", async () => {
  const cases: [change: (config: Record<string, unknown>) => void, ...says: string[]][] = [
    [(config) => config.peft_type = "LOHA", '"LOHA"', "only LORA"],
    [(config) => config.layer_replication = [[0, 2]], '"layer_replication"'],
    [(config) => config.trainable_token_indices = [1], '"trainable_token_indices"'],
    [(config) => config.init_lora_weights = "pissa_niter_4", '"pissa_niter_4"'],
    [(config) => config.r = 5, "_proj", "its rank is 5"],
    [(config) => config.rank_pattern = { "(": 1 }, '"("', "no pattern"],
    [(config) => config.r = 0, '0 for "r"'],
    [(config) => delete config.lora_alpha, 'null for "lora_alpha"'],
    [(config) => config.lora_alpha = "8", '"8" for "lora_alpha"'],
    [(config) => config.use_rslora = "false", '"false" for "use_rslora"'],
    [(config) => config.alpha_pattern = { q_proj: null }, 'null for "alpha_pattern.q_proj"'],
  ];
  await withAdapter(plain, async (folder) => {
    const model = `${folder}/llama+${folder}/lora`;
    const merge = (...models: string[]) => merged(folder, "-m", "linear", ...models);
    for (const [change, ...says] of cases) {
      await changeFile(`${folder}/lora/adapter_config.json`, change);
      await assert.rejects(merge(model), refuses("merge.lora", ...says), says.join());
      await Deno.writeTextFile(`${folder}/lora/adapter_config.json`, JSON.stringify(plain.config));
    }
    const others: [model: string, code: string, ...says: string[]][] = [
      [`${folder}/gpt2+${folder}/lora`, "merge.lora", "which the model does not have"],
      [`${folder}/lora`, "merge.lora", "it is an adapter"],
      [`${folder}/llama+${folder}/tied`, "merge.lora", "no adapter_config.json"],
      [`${folder}/llama+${folder}/none`, "merge.lora", "no such folder"],
      [`${model}+${folder}/lora`, "merge.lora", "one model and one adapter"],
    ];
    for (const [name, code, ...says] of others) await assert.rejects(merge(name), refuses(code, ...says), name);
    const wide = { ...plain.adapter };
    const key = Object.keys(wide).find((name) => name.endsWith("down_proj.lora_A.weight"))!;
    wide[key] = { shape: [2, 7], data: new Float32Array(14) };
    await writeSafetensors(`${folder}/lora/adapter_model.safetensors`, wide);
    await assert.rejects(merge(model), refuses("merge.lora", "down_proj.weight", "[4,7]", "[4,6] in the model"));
    assert.deepEqual(namesIn(folder), ["gpt2", "llama", "lora", "tied"]);
    await writeSafetensors(`${folder}/lora/adapter_model.safetensors`, plain.adapter);
    await changeFile(`${folder}/lora/adapter_config.json`, (config) => config.base_model_name_or_path = "meta/llama-9");
    assert.match((await merge(model)).text, /warning: the LoRA .* was trained on "meta\/llama-9", and is merged into/);
  });
});
