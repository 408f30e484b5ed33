// The BPE model of a tokenizer.json: the ids of pretokens.
import type { CheckedTokenizer } from "./check.ts";
import { type Merge, merger, pairTable } from "./merge.ts";
import { BYTE_CHARACTERS } from "./pretokens.ts";
import { Unsupported } from "./recipe.ts";
import { type WordEncoder, wordEncoder } from "./words.ts";

/** What `model` says beside its vocabulary and merges. */
export interface BpeOptions {
  readonly dropout?: number | null;
  readonly unk_token?: string | null;
  readonly continuing_subword_prefix?: string | null;
  readonly end_of_word_suffix?: string | null;
  readonly fuse_unk?: boolean;
  readonly byte_fallback?: boolean;
  readonly ignore_merges?: boolean;
}

/** The symbol of a character or byte that is no token. */
const NONE = -1;

/**
 * Returns an encoder of pretokens.
 *
 * @param options.byteLevel whether pretokens are spelled in the characters that stand for bytes
 * @throws Unsupported naming what our encoder does not do
 */
export function bpeEncoder(
  tokenizer: CheckedTokenizer,
  model: BpeOptions,
  { byteLevel }: { readonly byteLevel: boolean },
): WordEncoder {
  const { vocabulary, merges } = tokenizer;
  for (const key of ["continuing_subword_prefix", "end_of_word_suffix", "dropout"] as const) {
    if (model[key]) throw new Unsupported(`${key}=${JSON.stringify(model[key])}`);
  }
  const unknown = unknownOf(tokenizer, model);
  const merge = merger(merges);
  if (byteLevel) {
    if (model.byte_fallback) throw new Unsupported("byte_fallback of a tokenizer that is spelled in bytes");
    const byteIds = Int32Array.from(BYTE_CHARACTERS, (character) => vocabulary.get(character) ?? NONE);
    return wordEncoder(
      (_word, bytes, ids) => {
        for (let i = 0; i < bytes.length; i++) ids[i] = byteIds[bytes[i]!]!;
        return replaceUnknown(ids, bytes.length, unknown);
      },
      merge,
      model.ignore_merges ? wholeWords(vocabulary) : undefined,
    );
  }
  const characters = characterIds(vocabulary);
  const bytes = model.byte_fallback ? byteTokens(vocabulary) : undefined;
  const encode = wordEncoder((word, utf8, ids) => {
    let count = 0;
    let at = 0; // in UTF-8
    for (let i = 0; i < word.length;) {
      const code = word.codePointAt(i)!;
      const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      const id = characters(code);
      if (id === NONE && bytes !== undefined) {
        for (let k = 0; k < size; k++) ids[count++] = bytes[utf8[at + k]!]!;
      } else ids[count++] = id;
      at += size;
      i += size === 4 ? 2 : 1;
    }
    return replaceUnknown(ids, count, unknown);
  }, merge);
  const cut = cutter(tokenizer, model, characters);
  return (pretoken, out) => {
    const known = model.ignore_merges ? vocabulary.get(pretoken) : undefined;
    if (known !== undefined) out.push(known);
    else cut(pretoken, out, encode);
  };
}

/** What becomes of characters that are no tokens. */
interface Unknown {
  /** Undefined: they are left out. */
  readonly id: number | undefined;
  /** Whether several in a row become one token. */
  readonly fuse: boolean;
}

function unknownOf({ vocabulary }: CheckedTokenizer, { unk_token, fuse_unk }: BpeOptions): Unknown {
  const id = unk_token ? vocabulary.get(unk_token) : undefined;
  if (unk_token && id === undefined) {
    throw new Unsupported(`the unknown token ${unk_token}, which is not in the vocabulary`);
  }
  return { id, fuse: fuse_unk ?? false };
}

function replaceUnknown(ids: Int32Array, count: number, { id, fuse }: Unknown): number {
  let length = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const symbol = ids[i]!;
    if (symbol !== NONE) ids[length++] = symbol;
    else if (id !== undefined && !(fuse && last === NONE)) ids[length++] = id;
    last = symbol;
  }
  return length;
}

/** Looks up words in UTF-8 in a vocabulary that is spelled in bytes. */
function wholeWords(vocabulary: ReadonlyMap<string, number>): (bytes: Uint8Array) => number | undefined {
  const codes = Uint16Array.from(BYTE_CHARACTERS, (character) => character.charCodeAt(0));
  let longest = 0;
  for (const token of vocabulary.keys()) longest = Math.max(longest, token.length);
  const spelled = new Uint16Array(longest);
  return (bytes) => {
    if (bytes.length > longest) return undefined;
    for (let i = 0; i < bytes.length; i++) spelled[i] = codes[bytes[i]!]!;
    return vocabulary.get(String.fromCharCode.apply(null, spelled.subarray(0, bytes.length) as unknown as number[]));
  };
}

/** Looks up the ids of single characters. */
function characterIds(vocabulary: ReadonlyMap<string, number>): (code: number) => number {
  const basic = new Int32Array(0x10000).fill(NONE);
  const others = new Map<number, number>();
  for (const [token, id] of vocabulary) {
    const code = token.codePointAt(0)!;
    if (token.length !== (code > 0xffff ? 2 : 1)) continue;
    if (code > 0xffff) others.set(code, id);
    else basic[code] = id;
  }
  return (code) => code < 0x10000 ? basic[code]! : others.get(code) ?? NONE;
}

/** The ids of `<0x00>` to `<0xFF>`. */
function byteTokens(vocabulary: ReadonlyMap<string, number>): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    const id = vocabulary.get(byteToken(byte));
    if (id === undefined) throw new Unsupported(`byte_fallback without the token ${byteToken(byte)}`);
    return id;
  });
}

const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/**
 * Cuts a pretoken, which may be a whole text, between characters that no token has side by side: no merge can join them.
 * Without tokens that hold a space after a letter, that is between words.
 */
function cutter(
  { vocabulary, merges }: CheckedTokenizer,
  model: BpeOptions,
  characters: (code: number) => number,
): (text: string, out: number[], encode: WordEncoder) => void {
  const joined = joinedCharacters(vocabulary, merges, model, characters);
  if (joined === undefined) return (text, out, encode) => encode(text, out);
  return (text, out, encode) => {
    let start = 0;
    let last = NONE;
    for (let i = 0; i < text.length;) {
      const code = text.codePointAt(i)!;
      const id = characters(code);
      // Unknown characters in a row may become one token.
      const mayJoin = last === NONE ? id === NONE : id !== NONE && joined(last, id);
      if (i > start && !mayJoin) {
        if (last !== NONE && i - start === width(text, start)) out.push(last);
        else encode(text.slice(start, i), out);
        start = i;
      }
      last = id;
      i += code > 0xffff ? 2 : 1;
    }
    if (start < text.length) encode(text.slice(start), out);
  };
}

const width = (text: string, at: number) => (text.charCodeAt(at) & 0xfc00) === 0xd800 ? 2 : 1;

/**
 * Whether a token has two characters side by side; undefined if merges may also join what
 * stands for unknown characters, or joins over characters that are left out.
 */
function joinedCharacters(
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly Merge[],
  { unk_token, byte_fallback }: BpeOptions,
  characters: (code: number) => number,
): ((left: number, right: number) => boolean) | undefined {
  if (!unk_token && !byte_fallback) return undefined;
  const standIns = new Set<number | undefined>(byte_fallback ? byteTokens(vocabulary) : []);
  if (unk_token) standIns.add(vocabulary.get(unk_token));
  if (merges.some(([left, right]) => standIns.has(left) || standIns.has(right))) return undefined;
  /** The first and last characters of the tokens that merges join. */
  const ends = new Map<number, readonly [first: number, last: number]>();
  for (const [token, id] of vocabulary) {
    if (token === "") continue;
    const last = token.length - (token.length > 1 && (token.charCodeAt(token.length - 1) & 0xfc00) === 0xdc00 ? 2 : 1);
    ends.set(id, [characters(token.codePointAt(0)!), characters(token.codePointAt(last)!)]);
  }
  const table = pairTable(merges.length);
  for (const [left, right] of merges) table.set(ends.get(left)![1], ends.get(right)![0], 1);
  return (left, right) => table.get(left, right) === 1;
}
