// What is measured is prepared before anything is trained: what is wrong with the text ends a run at its start.
import assert from "node:assert/strict";
import { btsConfigSchema, evaluationSet, openText } from "../../lib/bts/mod.ts";
import { writeStream, writeTokenizer } from "../../lib/bts/text.ts";
import { loadCorpus, openTokenizer, tokenizeDocuments, type Tokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import { random } from "../../lib/random.ts";

/** Text with all that made measuring fail: runs of U+FFFD, special tokens spelled out, no blanks for long. */
function awkwardText(): string {
  const stream = random(1, "awkward");
  const word = () =>
    stream.pick(["some", "words", "<|im_start|>", "<|endoftext|> ", "\ufffd".repeat(40), "世界".repeat(30)]);
  return Array.from({ length: 40 }, () => JSON.stringify({ text: Array.from({ length: 60 }, word).join(" ") })).join(
    "\n",
  );
}

async function awkwardLab(folder: string) {
  await Deno.writeTextFile(`${folder}/own.jsonl`, awkwardText());
  const config = btsConfigSchema.parse({
    data: { domains: ["english"], english: `${folder}/own.jsonl`, heldoutBytes: 20_000 },
    experts: ["english"],
    model: { contextLength: 64 },
    eval: { tokens: 2_000, items: 8 },
    mix: { seed: { english: 1 }, stitch: { english: 1 } },
  });
  const corpus = await loadCorpus(config.data, { seed: 1 });
  return { config, corpus, rngSeed: 1 };
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("`evaluationSet()` takes awkward text, and refuses a tokenizer that loses it", () =>
  inFolder(async (folder) => {
    const lab = await awkwardLab(folder);
    const texts = lab.corpus.documents["english"]!.train.map(({ text }) => text);
    const tokenizer = openTokenizer(trainTokenizer(texts, { vocabSize: 300 }));
    const { windows } = evaluationSet(lab, tokenizer);
    assert.ok(windows["english"]!.length > 10);
    const lossy: Tokenizer = { ...tokenizer, encode: (text) => tokenizer.encode(text.toUpperCase()) };
    assert.throws(
      () => evaluationSet(lab, lossy),
      (error) => error instanceof UserError && error.code === "eval.tokenizer",
    );
  }));

Deno.test("`openText()` prepares what is measured with the tokens: a cell that trains on them has it first", () =>
  inFolder(async (folder) => {
    const lab = await awkwardLab(folder);
    const json = trainTokenizer(["a b"], { vocabSize: 257 });
    const tokenizer = openTokenizer(json);
    await writeTokenizer(folder, json);
    for (const split of ["train", "validation", "heldout"] as const) {
      await writeStream(
        folder,
        "english",
        split,
        tokenizeDocuments(lab.corpus.documents["english"]![split], tokenizer),
      );
    }
    const bytes = { english: { train: 1, validation: 1, heldout: 1 } };
    const cell = { key: "key", folder, cached: false, value: { vocabSize: 257, bytes } };
    let prepared = 0;
    const text = openText(cell, (one) => {
      prepared++;
      return evaluationSet(lab, one);
    });
    const { evaluation } = await text.read();
    assert.ok(evaluation.windows["english"]!.length > 0);
    await text.read();
    assert.equal(prepared, 1, "once for all cells");
    const refused = openText(cell, () => {
      throw new UserError("eval.tokenizer", "No");
    });
    await assert.rejects(refused.read(), UserError);
  }));
