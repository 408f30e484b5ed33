// Corpora for tests, of built-in text and of the user's own.
import assert from "node:assert/strict";
import { dataConfigSchema } from "../../lib/data/config.ts";
import type { Document, DocumentList, LoadedCorpus } from "../../lib/data/types.ts";
import { loadCorpus } from "../../lib/data/corpus.ts";
import { UserError } from "../../lib/errors.ts";
import { random } from "../../lib/random.ts";

/** Budgets that load quickly. */
export const SMALL = { trainBytes: 300_000, validationBytes: 16_384, heldoutBytes: 32_768 };

/** The corpus of these settings. */
export const load = (seed: number, change: object = {}) =>
  loadCorpus(dataConfigSchema.parse({ ...SMALL, ...change }), { seed });

/** All documents of a domain. */
export const allOf = (domain: string, corpus: LoadedCorpus): Document[] =>
  Object.values(corpus.documents[domain]!).flatMap((list: DocumentList) => [...list]);

/** Runs with a folder that has one .txt of many different paragraphs. */
export async function withOwnText(body: (own: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const stream = random(1, "own");
    const words = Array.from({ length: 500 }, (_, i) => `word${i}`);
    const paragraph = () => Array.from({ length: 600 }, () => stream.pick(words)).join(" ");
    await Deno.writeTextFile(`${folder}/own.txt`, Array.from({ length: 20 }, paragraph).join("\n\n"));
    await body(`${folder}/own.txt`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Loading the corpus of these settings is refused. */
export async function refuses(change: object, code: string, message: RegExp): Promise<void> {
  await assert.rejects(
    () => load(1, change),
    (error) => error instanceof UserError && error.code === code && message.test(error.message),
  );
}
