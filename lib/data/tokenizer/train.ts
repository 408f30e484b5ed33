// Trains byte-level BPE with incremental pair counts.
import { UserError } from "../../errors.ts";
import { byteLevelJson } from "./byte-level-json.ts";
import { BYTE_CHARACTERS, END_OF_TEXT, PRETOKEN_PATTERN, pretokenPattern } from "./pretokens.ts";
import type { TokenizerJson } from "../types.ts";

/** Longer pretokens are cut for counting, so that a file of one endless word does not dominate training time. */
const MAX_PRETOKEN_BYTES = 128;

const MAX_VOCAB = 262_144;

type Pair = readonly [left: number, right: number];

/**
 * Trains byte-level BPE (Sennrich et al. 2016, over bytes) and returns it as a Hugging Face `tokenizer.json`. The most
 * frequent pair is merged first; ties go to the smaller ids, as in Hugging Face's trainer. So the result depends on how
 * often each pretoken occurs, not on the order of the texts.
 *
 * @param vocabSize tokens, with `<|endoftext|>` (id 0) and the 256 bytes (ids 1 to 256); the result has fewer when the
 *   text runs out of pairs to merge
 * @throws UserError when `vocabSize` is not from 257 to 262144
 *
 * @example
 * ```ts
 * import { openTokenizer, trainTokenizer } from "@stitchbook/stitchbook/data";
 * import assert from "node:assert/strict";
 *
 * const tokenizer = openTokenizer(trainTokenizer(["low lower lowest"], { vocabSize: 260 }));
 * assert.equal(tokenizer.vocabSize, 260);
 * const ids = tokenizer.encode("slow é");
 * assert.equal(tokenizer.decode(ids), "slow é");
 * assert.ok(ids.length < 7); // "low" is one token
 * ```
 */
export function trainTokenizer(texts: Iterable<string>, { vocabSize }: { readonly vocabSize: number }): TokenizerJson {
  if (!Number.isInteger(vocabSize) || vocabSize < 257 || vocabSize > MAX_VOCAB) {
    throw new UserError(
      "tokenizer.vocab-size",
      `Cannot train a vocabulary of ${vocabSize} tokens: it must be a whole number from 257 to ${MAX_VOCAB}`,
      "The 256 bytes and <|endoftext|> take 257; 2048 suits a first run",
    );
  }
  const alphabet = BYTE_CHARACTERS.toSorted((a, b) => a < b ? -1 : 1); // by code unit, as Hugging Face numbers them
  const idOf = new Map(alphabet.map((character, i) => [character, i + 1]));
  const byteIds = BYTE_CHARACTERS.map((character) => idOf.get(character)!);
  const tokens = [END_OF_TEXT, ...alphabet];
  const merges: string[] = [];
  for (const [left, right] of learnMerges(countPretokens(texts, byteIds), tokens.length, vocabSize)) {
    merges.push(`${tokens[left]} ${tokens[right]}`);
    tokens.push(tokens[left]! + tokens[right]!);
  }
  return tokenizerJson(tokens, merges);
}

/** A distinct pretoken as token ids, which merges update, and its number of occurrences. */
interface Pretoken {
  ids: number[];
  readonly count: number;
}

function countPretokens(texts: Iterable<string>, byteIds: readonly number[]): Pretoken[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [pretoken] of text.matchAll(pretokenPattern())) counts.set(pretoken, (counts.get(pretoken) ?? 0) + 1);
  }
  const encoder = new TextEncoder();
  const pretokens: Pretoken[] = [];
  for (const [pretoken, count] of counts) {
    const bytes = encoder.encode(pretoken);
    for (let start = 0; start < bytes.length; start += MAX_PRETOKEN_BYTES) {
      const ids = Array.from(bytes.subarray(start, start + MAX_PRETOKEN_BYTES), (byte) => byteIds[byte]!);
      if (ids.length > 1) pretokens.push({ ids, count });
    }
  }
  return pretokens;
}

/** Pairs are keyed by `left * vocabSize + right`, which sorts them by (left, right). */
function learnMerges(pretokens: readonly Pretoken[], firstId: number, vocabSize: number): Pair[] {
  const counts = new Map<number, number>();
  /** Pretokens that may contain a pair; one may be listed twice, or no longer contain it. */
  const places = new Map<number, number[]>();
  const add = (left: number, right: number, count: number, place: number) => {
    const key = left * vocabSize + right;
    counts.set(key, (counts.get(key) ?? 0) + count);
    const list = places.get(key);
    if (list === undefined) places.set(key, [place]);
    else if (list[list.length - 1] !== place) list.push(place);
  };
  const remove = (left: number, right: number, count: number) => {
    const key = left * vocabSize + right;
    counts.set(key, counts.get(key)! - count);
  };
  pretokens.forEach(({ ids, count }, place) => {
    for (let i = 1; i < ids.length; i++) add(ids[i - 1]!, ids[i]!, count, place);
  });
  const queue = new PairQueue();
  for (const [key, count] of counts) queue.push(key, count);

  const merges: Pair[] = [];
  for (let next = queue.pop(); next !== undefined && firstId + merges.length < vocabSize; next = queue.pop()) {
    const { key } = next;
    const count = counts.get(key)!;
    if (count !== next.count) { // it fell since it was queued
      if (count > 0) queue.push(key, count);
      continue;
    }
    const [left, right] = [Math.floor(key / vocabSize), key % vocabSize];
    const merged = firstId + merges.length;
    merges.push([left, right]);
    const grown = new Set<number>();
    for (const place of places.get(key)!) {
      const pretoken = pretokens[place]!;
      const { ids } = pretoken;
      const out: number[] = [];
      for (let i = 0; i < ids.length; i++) {
        if (ids[i] !== left || ids[i + 1] !== right) {
          out.push(ids[i]!);
          continue;
        }
        if (out.length > 0) {
          const before = out[out.length - 1]!;
          remove(before, left, pretoken.count);
          add(before, merged, pretoken.count, place);
          grown.add(before * vocabSize + merged);
        }
        if (i + 2 < ids.length) {
          // In "abab" the second pair's left neighbor is the first merged token: the pair (merged, left) that is
          // added here is removed again when the second pair is merged.
          remove(right, ids[i + 2]!, pretoken.count);
          add(merged, ids[i + 2]!, pretoken.count, place);
          grown.add(merged * vocabSize + ids[i + 2]!);
        }
        out.push(merged);
        i++;
      }
      pretoken.ids = out;
    }
    counts.delete(key);
    places.delete(key);
    for (const pair of grown) {
      const total = counts.get(pair) ?? 0;
      if (total > 0) queue.push(pair, total);
    }
  }
  return merges;
}

/** A binary heap of pairs: the highest count first, then the smaller key (left id, then right id). */
class PairQueue {
  readonly #keys: number[] = [];
  readonly #counts: number[] = [];

  push(key: number, count: number): void {
    let i = this.#keys.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(key, count, parent)) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#keys[i] = key;
    this.#counts[i] = count;
  }

  pop(): { key: number; count: number } | undefined {
    if (this.#keys.length === 0) return undefined;
    const top = { key: this.#keys[0]!, count: this.#counts[0]! };
    const key = this.#keys.pop()!;
    const count = this.#counts.pop()!;
    const size = this.#keys.length;
    if (size === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#before(this.#keys[child + 1]!, this.#counts[child + 1]!, child)) child++;
      if (this.#before(key, count, child)) break;
      this.#move(child, i);
      i = child;
    }
    this.#keys[i] = key;
    this.#counts[i] = count;
    return top;
  }

  #before(key: number, count: number, other: number): boolean {
    return count > this.#counts[other]! || (count === this.#counts[other] && key < this.#keys[other]!);
  }

  #move(from: number, to: number): void {
    this.#keys[to] = this.#keys[from]!;
    this.#counts[to] = this.#counts[from]!;
  }
}

function tokenizerJson(tokens: readonly string[], merges: readonly string[]): TokenizerJson {
  return byteLevelJson({
    addedTokens: [{
      id: 0,
      content: END_OF_TEXT,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    }],
    normalizer: null,
    preTokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: PRETOKEN_PATTERN }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    postProcessor: null,
    ignoreMerges: false,
    tokens,
    merges,
  });
}
