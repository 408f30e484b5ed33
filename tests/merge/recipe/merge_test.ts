// mergekit configurations against mergekit's own merges of the same folders (../fixtures/make_recipes.py), and mistakes.
import assert from "node:assert/strict";
import { join } from "node:path";
import { mergeCommand } from "../../../lib/cli/merge.ts";
import { openWeightFiles, readJson, TORCH_DTYPES, writeSafetensors } from "../../../lib/huggingface/mod.ts";
import type { HostWeights } from "../../../lib/model/mod.ts";
import { namesIn, refuses } from "../model-folders.ts";

interface Tensors {
  readonly [name: string]: { readonly shape: number[]; readonly dtype: string; readonly data: Float32Array };
}

const fixture: {
  readonly config: Record<string, unknown>;
  readonly models: Readonly<Record<string, Tensors>>;
  readonly recipes: readonly {
    readonly title: string;
    readonly text: string;
    /** How many layers the merged model has. */
    readonly layers: number;
    readonly result: Tensors;
  }[];
} = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/recipes.json", import.meta.url)),
  (key, value) => key === "data" ? new Float32Array(Uint8Array.fromBase64(value).buffer) : value,
);

/** Of a merge in a type, relative to the largest value of a tensor; mergekit rounds the models, too, to half precision. */
const PRECISION: Readonly<Record<string, number>> = { float32: 2 ** -19, float16: 2 ** -10, bfloat16: 2 ** -8 };

/** Runs `body` with the fixture's models `seed`, `a`, `b` and `c`, and a function that writes a configuration of them. */
async function withModels(
  body: (folder: string, write: (text: string) => Promise<string>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-recipe-" });
  try {
    for (const [name, tensors] of Object.entries(fixture.models)) {
      await Deno.mkdir(join(folder, name));
      const weights: HostWeights = Object.fromEntries(
        Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data }]),
      );
      await writeSafetensors(join(folder, name, "model.safetensors"), weights, { format: "pt" });
      await Deno.writeTextFile(join(folder, name, "config.json"), JSON.stringify(fixture.config));
    }
    await body(folder, async (text) => {
      const path = join(folder, "merge.yml");
      const named = text.replaceAll(/((?:base_)?model: )(seed|a|b|c)\b/g, (_, key, name) => key + join(folder, name));
      await Deno.writeTextFile(path, named);
      return path;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const { title, text, layers, result } of fixture.recipes) {
  Deno.test(`a mergekit configuration gives mergekit's model: ${title}`, async () => {
    await withModels(async (folder, write) => {
      const out = join(folder, "out");
      await mergeCommand(["--config", await write(text), "-o", out], () => {});
      assert.equal((await readJson(join(out, "config.json"))).num_hidden_layers, layers);
      const files = await openWeightFiles(out);
      try {
        assert.deepEqual([...files.weights.keys()].sort(), Object.keys(result));
        let changed = 0;
        for (const [name, { shape, dtype, data }] of Object.entries(result)) {
          const found = files.weights.get(name)!;
          assert.deepEqual(found.shape, shape);
          assert.equal(TORCH_DTYPES[found.dtype as keyof typeof TORCH_DTYPES], dtype);
          const merged = files.read(name, 0, data.length);
          const near = PRECISION[dtype]! * Math.max(...data.map(Math.abs));
          merged.forEach((value, i) => {
            assert.ok(Math.abs(value - data[i]!) <= near, `${name}[${i}]: ${value}, mergekit ${data[i]}`);
            if (value !== fixture.models.seed![name]?.data[i]) changed++;
          });
        }
        assert.ok(changed > 100, "a merge that changes nothing proves nothing");
      } finally {
        files.close();
      }
    });
  });
}

Deno.test("`deno task merge --config` refuses mistakes by line, and writes nothing", async () => {
  const models = "models: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]\n";
  const ties = `merge_method: ties\nbase_model: seed\n${models}`;
  const cases: [text: string, ...says: string[]][] = [
    [`merge_metod: ties\n${models}`, ":1:", 'unknown key "merge_metod"', "expected one of merge_method"],
    [`${ties}paramters:\n  density: 1\n`, ":4:", 'unknown key "paramters"'],
    [`merge_method: arcee_fusion\n${models}`, ":1:", '"arcee_fusion" is not supported'],
    [`merge_method: tise\n${models}`, ":1:", '"tise"', "ties"],
    [`${ties}parameters:\n  density: 1\n  densty: 1\n`, ":6:", 'unknown key "densty"', "the parameters of ties"],
    [`${ties}parameters:\n  t: 1\n`, ":5:", 'unknown key "t"'],
    [`${ties}parameters:\n  density: half\n`, ":5:", '"density" is "half"', "expected a number"],
    [`${ties}parameters:\n  normalize: 2\n`, ":5:", "expected a boolean"],
    [`${ties}parameters:\n  density: []\n`, ":5:", "empty list"],
    [`${ties}parameters:\n  density: [{filtr: mlp, value: 1}]\n`, ":5:", 'unknown key "filtr"'],
    [`${ties}parameters:\n  density: [{filter: mlp}]\n`, ":5:", 'has no "value"'],
    [`${ties}parameters: [1]\n`, ":4:", "not a mapping"],
    [`${ties}dtype: int8\n`, ":4:", '"int8"', "bfloat16"],
    ["merge_method: passthrough\nslices:\n  - sources: []\n", ":3:", '"sources" is not a list'],
    ["merge_method: linear\n", ":1:", 'neither "models" nor "slices"'],
    [models, ":1:", 'no "merge_method"'],
    ["merge_method: linear\nmodels: a\n", ":2:", "not a list"],
    ["merge_method: linear\nmodels:\n  - path: a\n", ":3:", 'unknown key "path"'],
    ["merge_method: linear\nmodels:\n  - parameters: {weight: 1}\n", ":3:", 'expected "model"'],
    ["merge_method: slerp\nbase_model: seed\nmodels:\n  - model: a\n    parameters: {t: 1}\n", ":5:", "all models"],
    ["merge_method: [\n", "merge.yml:"],
    ["- merge_method\n", ":1:", "not a mapping"],
    ["", ":1:", "not a mapping"],
    ["merge_method: linear\nmodels: [{model: a}, {model: b}]\n", ":2:", "has no weight, which linear needs"],
    [`${ties}parameters: {density: [1, 7]}\n`, ":4:", '"density" is 7', "a number from 0 to 1"],
    [`${ties}parameters: {density: [{filter: mlp, value: -1}, 1]}\n`, ":4:", '"density" is -1'],
    ["merge_method: karcher\nmodels: [{model: a}]\nparameters: {max_iter: 1.5}\n", ":3:", "a whole number from 0"],
    [
      "merge_method: sce\nbase_model: a\nmodels: [{model: b}]\nparameters:\n  select_topk: 2\n",
      ":5:",
      '"select_topk" is 2',
    ],
  ];
  await withModels(async (folder, write) => {
    for (const [text, ...says] of cases) {
      const command = ["--config", await write(text), "-o", join(folder, "out")];
      await assert.rejects(mergeCommand(command, () => {}), refuses("merge.config", ...says), text);
    }
    const path = await write(ties);
    const out = ["-o", join(folder, "out")];
    const others: [args: string[], code: string, ...says: string[]][] = [
      [["-c", `${path}.none`, ...out], "merge.config", "no such file"],
      [["-c", folder, ...out], "merge.config", "Cannot read"],
      [["-c", path], "merge.out", "--out"],
      [["-c", path, "-m", "ties", ...out], "merge.config", "--method"],
      [["-c", path, "--select-topk", "0.5", ...out], "merge.config", "--select-topk"],
      [["-c", path, join(folder, "a"), ...out], "merge.config", "besides --config"],
    ];
    for (const [args, code, ...says] of others) {
      await assert.rejects(mergeCommand(args, () => {}), refuses(code, ...says), args.join(" "));
    }
    const unfit: [text: string, code: string, ...says: string[]][] = [
      [
        "merge_method: linear\nmodels:\n  - model: none\n    parameters: {weight: 1}\n",
        "model.no-weights",
        "merge.yml:3: ",
      ],
      [`merge_method: ties\n${models}`, "merge.models", "merge.yml:2:", "ties needs a base"],
      [
        "merge_method: model_stock\nbase_model: seed\nmodels: [{model: a}]\n",
        "merge.models",
        "merge.yml:3:",
        "at least 2 models",
      ],
      [
        "merge_method: linear\nmodels: [{model: a}, {model: b}]\nparameters: {weight: 0}\n",
        "merge.option",
        "merge.yml:2:",
        "sum to 0",
      ],
    ];
    for (const [text, code, ...says] of unfit) {
      await assert.rejects(mergeCommand(["-c", await write(text), ...out], () => {}), refuses(code, ...says), text);
    }
    assert.deepEqual(namesIn(folder), ["a", "b", "c", "merge.yml", "seed"]);
  });
});

Deno.test("`merge.json` says the options of each weight, and `dtype` and `tokenizer_source` are taken", async () => {
  await withModels(async (folder, write) => {
    const tokenizer = {
      model: { type: "BPE", vocab: Object.fromEntries([..."abcdefgh"].map((token, id) => [token, id])) },
    };
    for (const name of Object.keys(fixture.models)) {
      await Deno.writeTextFile(join(folder, name, "tokenizer.json"), JSON.stringify(tokenizer));
    }
    const text = "merge_method: linear\nbase_model: seed\nmodels: [{model: a}]\n" +
      "parameters: {weight: [1, 3]}\ndtype: bfloat16\ntokenizer_source: union\nout_dtype: float16\n";
    await mergeCommand(["-c", await write(text), "-o", join(folder, "out")], () => {});
    const made = JSON.parse(await Deno.readTextFile(join(folder, "out", "merge.json")));
    const weights = (layer: number) => made.optionsByWeight[`model.layers.${layer}.mlp.up_proj.weight`].weights;
    assert.deepEqual([0, 1, 2].map(weights), [[1, 1], [2, 2], [3, 3]]);
    assert.equal(made.dtype, "F16");
    assert.deepEqual(made.models, ["seed", "a"].map((name) => join(folder, name)));
  });
});
