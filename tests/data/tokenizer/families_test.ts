// Real tokenizers: ids and decoded texts are those of Python's tokenizers, on a megabyte each of English and code, all
// multilingual text, and a million random characters. A fifth of that is chosen at random, unless STITCHBOOK_ALL_TEXT=1.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { dataConfigSchema, decodeStream, loadCorpus, openTokenizer } from "../../../lib/data/mod.ts";
import { pythonCommand } from "../../../lib/host/mod.ts";
import { random } from "../../../lib/random.ts";
import { optionalTest } from "../../optional.ts";
import { randomTexts } from "./random-unicode.ts";
import { type Family, mistralModel, realTokenizer } from "./real-tokenizers.ts";

const SHARE = Deno.env.get("STITCHBOOK_ALL_TEXT") === "1" ? 1 : 0.2;
/** Of training text of each domain: more than there is of multilingual text. */
const BYTES = { english: 1_000_000, code: 1_000_000, multilingual: 100_000_000 };
const HARD = ["", " ", "▁", "a".repeat(3000), " ".repeat(2000), "\n".repeat(500), "0123456789".repeat(100)]
  .concat(["漢字".repeat(600), "<|im_start|><|im_end|>  <s></s> <s> x", "<0x41>"]);

let texts: Promise<readonly string[]> | undefined;

async function someTexts(): Promise<readonly string[]> {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  console.log(`seed ${seed}, ${SHARE * 100} % of all text`);
  const chosen: string[] = [];
  for (const [domain, trainBytes] of Object.entries(BYTES)) {
    const corpus = await loadCorpus(dataConfigSchema.parse({ domains: [domain], trainBytes }), { seed: 1 });
    const documents = Object.values(corpus.documents[domain]!).flatMap((split) => [...split]);
    const some = random(seed, domain).shuffle(documents).slice(0, Math.ceil(SHARE * documents.length));
    chosen.push(...some.map(({ text }) => text));
  }
  return [...chosen, ...randomTexts(seed, SHARE * 1_000_000), ...HARD];
}

/** The numbers that reference.py wrote. */
async function readIds(path: string): Promise<readonly Uint32Array[]> {
  const all = new Uint32Array((await Deno.readFile(path)).buffer);
  const rows: Uint32Array[] = [];
  for (let at = 0; at < all.length; at += 1 + all[at]!) rows.push(all.subarray(at + 1, at + 1 + all[at]!));
  return rows;
}

async function check(family: Family): Promise<void> {
  const all = await (texts ??= someTexts());
  const json = await realTokenizer(family);
  const model = family === "Mistral" ? mistralModel() : null;
  const folder = await Deno.makeTempDir();
  try {
    const path = (name: string) => `${folder}/${name}`;
    await Deno.writeTextFile(path("tokenizer.json"), JSON.stringify(json));
    // Every twentieth text and the hard ones are decoded, too.
    const decoded = [...all.keys()].filter((i) => i % 20 === 0 || i >= all.length - HARD.length).reverse();
    const job = { tokenizer: path("tokenizer.json"), sentencepiece: model, texts: all, decoded, out: path("out") };
    await Deno.writeTextFile(path("job.json"), JSON.stringify(job));
    const reference = new URL("families/reference.py", import.meta.url).pathname;
    const theirs = new Deno.Command(pythonCommand(), { args: [reference, path("job.json")] }).output();
    const tokenizer = openTokenizer(json);
    assert.equal(tokenizer.slow, undefined);
    const ours = all.map((text) => tokenizer.encode(text));
    const { success, stderr } = await theirs;
    assert.ok(success, new TextDecoder().decode(stderr));

    const bytes = (ids: Uint32Array) => new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
    const compare = (rows: readonly Uint32Array[], leaveOut = (_text: string) => false) => {
      assert.equal(rows.length, all.length);
      for (const [i, row] of rows.entries()) {
        const text = all[i]!;
        if (Buffer.compare(bytes(Uint32Array.from(ours[i]!)), bytes(row)) === 0 || leaveOut(text)) continue;
        const at = row.findIndex((id, k) => ours[i]![k] !== id);
        assert.fail(`text ${i}, token ${at}: ${ours[i]!.slice(at - 2, at + 3)}, not ${row.slice(at - 2, at + 3)}`);
      }
    };
    compare(await readIds(path("out")));
    // SentencePiece itself finds no tokens in a text, and takes "▁" for a space.
    if (model !== null) compare(await readIds(path("out.model")), (text) => /<s>|<\/s>|<unk>|\0/.test(text));

    const { plain, whole, steps }: Record<string, string[]> & { steps: string[][] } = JSON.parse(
      await Deno.readTextFile(path("out.json")),
    );
    for (const [k, i] of decoded.entries()) {
      assert.equal(tokenizer.decode(ours[i]!), plain![k]);
      assert.equal(tokenizer.decode(ours[i]!, { specialTokens: true }), whole![k]);
    }
    for (const [k, expected] of steps.entries()) {
      const stream = decodeStream(tokenizer, { specialTokens: true });
      assert.deepEqual(ours[decoded[k]!]!.slice(0, expected.length).map((id) => stream.push(id)), expected);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const TITLE = "ids and texts are those of Python's tokenizers";
for (const family of ["Llama 2", "Llama 3", "Qwen 3"] as const) {
  optionalTest("python-tokenizers", `${family}: ${TITLE}`, () => check(family));
}
optionalTest("python-smollm2", `SmolLM2, from a GGUF file: ${TITLE}`, () => check("SmolLM2"));
optionalTest(
  "python-sentencepiece",
  `Mistral, from a tokenizer.model: ${TITLE} and of sentencepiece`,
  () => check("Mistral"),
);
