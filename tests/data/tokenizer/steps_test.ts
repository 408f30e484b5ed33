// Every step of a tokenizer.json that our encoder knows gives the ids and texts of Python's tokenizers.
import assert from "node:assert/strict";
import { decodeStream } from "../../../lib/data/tokenizer/decode-stream.ts";
import { openTokenizer } from "../../../lib/data/tokenizer/open.ts";
import type { TokenizerJson } from "../../../lib/data/types.ts";
import { recipeOf } from "../../../lib/data/tokenizer/recipe.ts";
import { UserError } from "../../../lib/errors.ts";

interface Case {
  readonly name: string;
  readonly base: string;
  /** How `model` differs from its base. */
  readonly model: object;
  readonly json: Readonly<Record<string, unknown>>;
  readonly ids: readonly (readonly number[])[];
  /** The texts of the ids without special tokens; null: the text that was encoded. */
  readonly plain: readonly (string | null)[];
  /** With special tokens; null: the same. */
  readonly whole: readonly (string | null)[];
  /** What Python's DecodeStream returned for each of the first ids of a text; null: it failed. */
  readonly steps: readonly (readonly string[] | null)[];
}

/** Made by fixtures/make.py. */
const { models, texts, cases } = JSON.parse(
  await Deno.readTextFile(new URL("fixtures/steps.json", import.meta.url)),
) as { models: Record<string, object>; texts: string[]; cases: Case[] };

const jsonOf = ({ base, model, json }: Case): TokenizerJson => ({ ...json, model: { ...models[base], ...model } });

for (const one of cases) {
  Deno.test(`${one.name}: ids, texts and incremental decoding are those of Python's tokenizers`, () => {
    const tokenizer = openTokenizer(jsonOf(one));
    assert.equal(tokenizer.slow, undefined);
    for (const [i, text] of texts.entries()) {
      const ids = one.ids[i]!;
      const place = `${i}: ${JSON.stringify(text)}`;
      assert.deepEqual(tokenizer.encode(text), ids, place);
      const plain = one.plain[i] ?? text;
      assert.equal(tokenizer.decode(ids), plain, place);
      assert.equal(tokenizer.decode(ids, { specialTokens: true }), one.whole[i] ?? plain, place);
    }
    for (const [i, steps] of one.steps.entries()) {
      if (steps === null) continue;
      const stream = decodeStream(tokenizer, { specialTokens: true });
      const ids = one.ids[i]!;
      assert.deepEqual(ids.slice(0, steps.length).map((id) => stream.push(id)), steps, texts[i]);
      const rest = ids.slice(steps.length).map((id) => stream.push(id)).join("") + stream.end();
      assert.equal(steps.join("") + rest, tokenizer.decode(ids, { specialTokens: true }), texts[i]);
    }
  });
}

for (const one of cases) {
  Deno.test(`${one.name}: the bytes of tokens join to the text`, () => {
    const tokenizer = openTokenizer(jsonOf(one));
    if (!one.json["decoder"]) {
      assert.throws(() => tokenizer.bytes(0), { name: "UserError", code: "tokenizer.decoder" });
      return;
    }
    for (const ids of one.ids) {
      for (const specialTokens of [false, true]) {
        const text = tokenizer.decode(ids, { specialTokens });
        if (text.includes("\uFFFD")) continue; // how many of them stand for a run of bytes is up to the decoder
        const bytes = ids.flatMap((id) => [...tokenizer.bytes(id, { specialTokens }) ?? []]);
        const joined = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
        // A decoder may take the space before the first word.
        assert.ok(joined === text || joined === ` ${text}`, `${JSON.stringify(joined)}, not ${JSON.stringify(text)}`);
      }
    }
    assert.equal(tokenizer.bytes(tokenizer.vocabSize), undefined);
  });
}

Deno.test("the cases differ: no two give the same ids, and none decodes all texts as another does", () => {
  const results = cases.map(({ ids, whole }) => JSON.stringify([ids, whole]));
  assert.equal(new Set(results).size, results.length);
});

Deno.test("merges may be pairs, as newer files write them", () => {
  const one = cases.find(({ name }) => name === "Llama 3")!;
  const json = jsonOf(one) as { model: { merges: string[] } };
  const merges = json.model.merges.map((merge) => merge.split(" "));
  const tokenizer = openTokenizer({ ...json, model: { ...json.model, merges } });
  for (const [i, text] of texts.entries()) assert.deepEqual(tokenizer.encode(text), one.ids[i]);
});

Deno.test("a word of millions of characters is refused, or split as any other", () => {
  const { split } = recipeOf(null, { type: "ByteLevel", add_prefix_space: false, use_regex: true });
  for (const length of [100_000, 20_000_000]) {
    try {
      assert.equal(split("a".repeat(length), true).length, 1);
    } catch (error) {
      assert.ok(length > 100_000);
      assert.ok(error instanceof UserError && error.code === "tokenizer.text", String(error));
    }
  }
});
