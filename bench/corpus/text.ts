// Text of any size: variations of the built-in text.
import { join } from "node:path";
import { byteLength, dataConfigSchema, type Document, loadCorpus } from "../../lib/data/mod.ts";
import { random } from "../../lib/random.ts";

/** Bytes that are collected before they are written. */
const WRITE_BYTES = 1 << 20;

/**
 * Writes `bytes` of text as JSON lines: the built-in English text and code, again and again, each time with other words
 * for its words, so that no document nearly repeats another.
 *
 * @returns the file's path
 */
export async function writeText(folder: string, bytes: number): Promise<string> {
  const domains = ["english", "code"];
  const corpus = await loadCorpus(dataConfigSchema.parse({ domains, trainBytes: 2_000_000 }), { seed: 1 });
  const documents = domains.flatMap((domain) => [...corpus.documents[domain]!.train]);
  const path = join(folder, `${bytes}.jsonl`);
  using file = await Deno.open(path, { write: true, createNew: true });
  const encoder = new TextEncoder();
  let [waiting, size] = [[] as string[], 0];
  const flush = async () => {
    const block = encoder.encode(waiting.join(""));
    for (let at = 0; at < block.length;) at += await file.write(block.subarray(at));
    [waiting, size] = [[], 0];
  };
  for (let written = 0, copy = 0; written < bytes; copy++) {
    const vary = variation(documents, copy);
    for (const { text } of documents) {
      if (written >= bytes) break;
      const varied = copy === 0 ? text : vary(text);
      waiting.push(`${JSON.stringify({ text: varied })}\n`);
      written += byteLength(varied);
      size += varied.length;
      if (size >= WRITE_BYTES) await flush();
    }
  }
  await flush();
  return path;
}

/** Replaces words by others of about the same frequency: neighbors in the order of frequency, shuffled by the copy. */
function variation(documents: readonly Document[], copy: number): (text: string) => string {
  const words = wordsByFrequency(documents);
  const stream = random(copy, "variation");
  const others = new Map<string, string>();
  for (let start = 0; start < words.length; start += 50) {
    const near = words.slice(start, start + 50);
    stream.shuffle(near).forEach((word, i) => others.set(near[i]!, word));
  }
  return (text) => text.replace(WORD, (word) => others.get(word) ?? word);
}

const WORD = /[\p{L}\p{M}]+/gu;

let known: readonly string[] | undefined;

function wordsByFrequency(documents: readonly Document[]): readonly string[] {
  if (known !== undefined) return known;
  const counts = new Map<string, number>();
  for (const { text } of documents) {
    for (const [word] of text.matchAll(WORD)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return known = [...counts].sort((a, b) => b[1] - a[1]).map(([word]) => word);
}
