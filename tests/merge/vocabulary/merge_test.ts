// Models with different vocabularies against mergekit's merges (../fixtures/make_vocabularies.py), and mistakes.
import assert from "node:assert/strict";
import { mergeCommand } from "../../../lib/cli/merge.ts";
import { exists, openWeightFiles, readJson, writeSafetensors } from "../../../lib/huggingface/mod.ts";
import { vocabularyOf } from "../../../lib/merge/vocabulary/vocabulary.ts";
import { optionalTest, python } from "../../optional.ts";
import { changeFile, namesIn, refuses } from "../model-folders.ts";

type Tensors = Readonly<Record<string, { readonly shape: number[]; readonly data: Float32Array }>>;

const fixture: {
  readonly models: Readonly<
    Record<string, { readonly config: object; readonly tokenizer: object; readonly tensors: Tensors }>
  >;
  readonly recipes: readonly {
    readonly title: string;
    readonly text: string;
    /** Ids by token; the order of added tokens is random in mergekit. */
    readonly vocabulary: Readonly<Record<string, number>>;
    readonly rows: number;
    readonly result: Tensors;
  }[];
} = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/vocabularies.json", import.meta.url)),
  (key, value) => key === "data" ? new Float32Array(Uint8Array.fromBase64(value).buffer) : value,
);

/** Runs `body` with the fixture's models, and a function that writes a configuration of them. */
async function withModels(
  body: (folder: string, write: (text: string) => Promise<string>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-vocabulary-" });
  try {
    for (const [name, { config, tokenizer, tensors }] of Object.entries(fixture.models)) {
      await Deno.mkdir(`${folder}/${name}`);
      await writeSafetensors(`${folder}/${name}/model.safetensors`, tensors);
      for (const [file, json] of Object.entries({ config, tokenizer })) {
        await Deno.writeTextFile(`${folder}/${name}/${file}.json`, JSON.stringify(json));
      }
    }
    await body(folder, async (text) => {
      const path = `${folder}/merge.yml`;
      const named = text.replaceAll(/((?:model|source): )(seed|x|y)\b/g, `$1${folder}/$2`);
      await Deno.writeTextFile(path, named.replaceAll(/(tokenizer_source: )(x|y)\b/g, `$1${folder}/$2`));
      return path;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

for (const { title, text, vocabulary, rows, result } of fixture.recipes) {
  Deno.test(`models with different vocabularies merge as in mergekit: ${title}`, async () => {
    await withModels(async (folder, write) => {
      const out = `${folder}/out`;
      await mergeCommand(["-c", await write(text), "-o", out], () => {});
      assert.equal((await readJson(`${out}/config.json`)).vocab_size, rows);
      const { ids } = vocabularyOf("out", await readJson(`${out}/tokenizer.json`));
      assert.deepEqual([...ids.keys()].sort(), Object.keys(vocabulary).sort());
      assert.equal(new Set(ids.values()).size, ids.size);
      const files = await openWeightFiles(out);
      try {
        assert.deepEqual([...files.weights.keys()].sort(), Object.keys(result));
        for (const [name, { shape, data }] of Object.entries(result)) {
          assert.deepEqual(files.weights.get(name)!.shape, shape, name);
          const merged = files.read(name, 0, size(shape));
          const width = size(shape.slice(1));
          const rowOf = (values: Float32Array, row: number) => values.subarray(row * width, (row + 1) * width);
          const pairs = shape[0] === rows && shape.length === 2 && /embed|head/.test(name)
            ? [
              ...Object.entries(vocabulary).map(([token, id]) => [token, ids.get(token)!, id] as const),
              ...Array.from({ length: rows - ids.size }, (_, i) => ["padding", ids.size + i, ids.size + i] as const),
            ]
            : Array.from({ length: shape[0]! }, (_, i) => [`row ${i}`, i, i] as const);
          const near = 2 ** -19 * Math.max(...data.map(Math.abs));
          for (const [what, own, wanted] of pairs) {
            const expected = rowOf(data, wanted);
            rowOf(merged, own).forEach((value, i) =>
              assert.ok(
                Math.abs(value - expected[i]!) <= near,
                `${name} ${what} [${i}]: ${value}, mergekit ${expected[i]}`,
              )
            );
          }
        }
      } finally {
        files.close();
      }
    });
  });
}

Deno.test("`deno task merge --tokenizer-source` aligns vocabularies, and the result merges with itself", async () => {
  await withModels(async (folder) => {
    const [seed, x] = [`${folder}/seed`, `${folder}/x`];
    await Deno.writeTextFile(`${x}/chat_template.jinja`, "{% for message in messages %}{{ message }}{% endfor %}");
    const merge = (out: string, ...args: string[]) =>
      mergeCommand([seed, x, "-m", "linear", "-o", `${folder}/${out}`, ...args], () => {});
    await assert.rejects(merge("out"), (error: unknown) => {
      refuses("merge.shape", "lm_head.weight", "[5,4]", "[10,4]")(error);
      assert.match(String((error as { hint?: string }).hint), /--tokenizer-source union/);
      return true;
    });
    await merge("out", "--tokenizer-source", "union", "--pad-to-multiple-of", "5", "--chat-template", "auto");
    assert.equal((await readJson(`${folder}/out/config.json`)).vocab_size, 10);
    assert.match(await Deno.readTextFile(`${folder}/out/chat_template.jinja`), /message in messages/);
    assert.deepEqual((await readJson(`${folder}/out/merge.json`)).tokenizer, { source: "union", tokens: 8 });
    // Added tokens keep how they are added; the base's own keep their ids.
    const { added_tokens: added } = await readJson(`${folder}/out/tokenizer.json`);
    const flags = (added as { id: number; content: string; normalized: boolean; special: boolean }[])
      .map(({ id, content, normalized, special }) => [id, content, normalized, special]);
    assert.deepEqual(flags, [
      [4, "<s>", false, true],
      [5, "d", true, false],
      [6, "ca", true, false],
      [7, "<|im_start|>", false, true],
    ]);
    await mergeCommand([`${folder}/out`, `${folder}/out`, "-m", "linear", "-o", `${folder}/again`], () => {});
    // The tokenizer of another model comes with its files and its special ids.
    await changeFile(`${x}/config.json`, (config) => config.eos_token_id = 6);
    await merge("as-x", "--tokenizer-source", x, "--chat-template", "chatml");
    assert.equal((await readJson(`${folder}/as-x/config.json`)).eos_token_id, 6);
    assert.deepEqual(await Deno.readFile(`${folder}/as-x/tokenizer.json`), await Deno.readFile(`${x}/tokenizer.json`));
    assert.match(await Deno.readTextFile(`${folder}/as-x/chat_template.jinja`), /<\|im_start\|>assistant/);
  });
});

optionalTest("python-tokenizers", "Python's tokenizers read the ids of a union as they are written", async () => {
  await withModels(async (folder, write) => {
    const text = fixture.recipes.find(({ title }) => title === "tokens with embeddings of their own")!.text;
    await mergeCommand(["-c", await write(text), "-o", `${folder}/out`], () => {});
    const path = `${folder}/out/tokenizer.json`;
    const script = "import sys, json, tokenizers; t = tokenizers.Tokenizer.from_file(sys.argv[1]); " +
      "print(json.dumps([t.get_vocab(), t.encode('ab<|im_start|>new').tokens]))";
    const [ids, tokens] = JSON.parse(python(["-c", script, path]));
    assert.deepEqual(ids, Object.fromEntries(vocabularyOf("out", await readJson(path)).ids));
    assert.deepEqual(tokens, ["ab", "<|im_start|>", "new"]);
  });
});

Deno.test("vocabularies that cannot be aligned are refused with a reason, and nothing is written", async () => {
  const of = "merge_method: linear\nbase_model: seed\nmodels: [{model: x}]\nparameters: {weight: 1}\n";
  const tokenizer = (block: string) => `${of}tokenizer: ${block}\n`;
  const cases: [text: string, code: string, ...says: string[]][] = [
    [`${of}tokenizer_source: base\ntokenizer: {}\n`, "merge.config", ":6:", "exclude each other"],
    [tokenizer("{sorce: union}"), "merge.config", ":5:", 'unknown key "sorce"'],
    [tokenizer("{tokens: [a]}"), "merge.config", ":5:", "not a mapping"],
    [tokenizer("{tokens: {a: {force: true}}}"), "merge.config", ":5:", 'no "source"'],
    [tokenizer("{tokens: {a: {source: {kind: zeros}}}}"), "merge.config", ":5:", '"zeros"', "zero"],
    [tokenizer("{tokens: {a: {source: {kind: model_token, model: x}}}}"), "merge.config", 'either "token" or'],
    [tokenizer("{pad_to_multiple_of: 0}"), "merge.config", ":5:", "whole number from 1"],
    [tokenizer("{tokens: {new: {source: x}}}"), "merge.tokenizer", '"new"', "does not have it"],
    [tokenizer("{tokens: {new: {source: y}}}"), "merge.tokenizer", "/y", "not among the models"],
    [
      tokenizer("{tokens: {new: {source: {kind: model_token, model: x, token: no}}}}"),
      "merge.tokenizer",
      'no token "no"',
    ],
    [
      tokenizer("{tokens: {new: {source: {kind: model_token, model: x, token_id: 10}}}}"),
      "merge.tokenizer",
      "no row 10",
    ],
    [`${of}chat_template: llama3\n`, "merge.chat-template", '"llama3"', "auto"],
    [`${of}tokenizer_source: other/none\n`.replace("other", "./other"), "merge.tokenizer", "no tokenizer.json"],
  ];
  await withModels(async (folder, write) => {
    const out = ["-o", `${folder}/out`];
    for (const [text, code, ...says] of cases) {
      await assert.rejects(mergeCommand(["-c", await write(text), ...out], () => {}), refuses(code, ...says), text);
    }
    const path = await write(`${of}tokenizer_source: union\n`);
    const union = () => mergeCommand(["-c", path, ...out], () => {});
    await changeFile(`${folder}/x/tokenizer.json`, (json) => json.pre_tokenizer = { type: "ByteLevel" });
    await assert.rejects(union(), refuses("merge.tokenizer", "the bytes of a text", "equal tokens are not equal text"));
    await Deno.rename(`${folder}/x/tokenizer.json`, `${folder}/x/tokenizer.model`);
    await assert.rejects(union(), refuses("merge.tokenizer", "/x", "tokenizer.model, but no tokenizer.json"));
    assert.deepEqual(namesIn(folder), ["merge.yml", "seed", "x", "y"]);
    // Without any tokenizer, mergekit takes that of the base.
    await Deno.remove(`${folder}/x/tokenizer.model`);
    const printed: string[] = [];
    await mergeCommand(["-c", path, ...out], (line) => printed.push(line));
    assert.match(printed.join(), /has no tokenizer: its tokens are taken to be those of/);
    assert.ok(await exists(`${folder}/out/tokenizer.json`));
    const alone = [`${folder}/seed`, "-m", "linear", "--pad-to-multiple-of", "8", ...out];
    await assert.rejects(mergeCommand(alone, () => {}), refuses("command.malformed", "--pad-to-multiple-of"));
    const both = ["-c", path, "--tokenizer-source", "base", "-o", `${folder}/two`];
    await assert.rejects(mergeCommand(both, () => {}), refuses("merge.config", "--tokenizer-source"));
  });
});
