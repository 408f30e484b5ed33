// `deno task model`: what a checkpoint is, from its headers.
import assert from "node:assert/strict";
import { modelCommand } from "../../lib/cli/model.ts";
import { UserError } from "../../lib/errors.ts";
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
