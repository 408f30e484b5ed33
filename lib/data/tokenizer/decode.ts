// From ids to text, as Python's `tokenizers` decodes.
import { BYTE_CHARACTERS } from "./pretokens.ts";
import { flatten, type Step, stringPattern, Unsupported } from "./recipe.ts";

/** Joins tokens to a text. */
export type Decoder = (tokens: readonly string[]) => string;

/** @throws Unsupported naming the decoder that is not known here */
export function decoderOf(json: unknown): Decoder {
  const steps = flatten(json, "decoders");
  if (steps.length === 0) return (tokens) => tokens.join(" ");
  const chain = steps.map(stepOf);
  return (tokens) => chain.reduce((parts, step) => step(parts), tokens).join("");
}

/**
 * The bytes that a token adds to a text that has begun. All tokens' bytes, joined, are those of the text; a decoder may
 * take a space off the text's beginning.
 *
 * @throws Unsupported naming the decoder that is not known here
 */
export function tokenBytesOf(json: unknown): (token: string) => Uint8Array {
  const steps = flatten(json, "decoders");
  if (steps.length === 0) throw new Unsupported("no decoder, so that tokens are joined by spaces");
  const fuses = steps.findIndex(({ type }) => type === "Fuse");
  const perToken = steps.filter(({ type }, i) => type !== "Fuse" && !(type === "Strip" && fuses >= 0 && i > fuses));
  const byteOf = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));
  const utf8 = new TextEncoder();
  return (token) => {
    let text = token;
    for (const step of perToken) {
      if (step.type === "ByteLevel") return spelledBytes(text, byteOf, utf8);
      if (step.type === "ByteFallback") {
        const byte = byteOfToken(text);
        if (byte !== undefined) return Uint8Array.of(byte);
      } else if (step.type === "Metaspace") text = text.replaceAll(String(step["replacement"] ?? "▁"), " ");
      else text = stepOf(step)([text]).join("");
    }
    return utf8.encode(text);
  };
}

type Chain = (tokens: readonly string[]) => readonly string[];

function stepOf(step: Step): Chain {
  switch (step.type) {
    case "ByteLevel":
      return byteLevel();
    case "ByteFallback":
      return byteFallback;
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "Replace": {
      const found = stringPattern(step);
      if (found === undefined) break;
      return (tokens) =>
        tokens.map((token) => token.includes(found) ? token.replaceAll(found, () => String(step["content"])) : token);
    }
    case "Strip":
      return (tokens) => tokens.map((token) => strip(token, step));
    case "Metaspace": {
      const mark = String(step["replacement"] ?? "▁");
      const drops = step["prepend_scheme"] !== "never" && step["add_prefix_space"] !== false;
      return (tokens) => tokens.map((token, i) => token.replaceAll(mark, i === 0 && drops ? "" : " "));
    }
  }
  throw new Unsupported(`the decoder ${step.type}`);
}

/** Takes up to `start` and `stop` characters off the ends. */
function strip(token: string, { content, start, stop }: Step): string {
  const character = String(content);
  let text = token;
  for (let i = 0; i < Number(start) && text.startsWith(character); i++) text = text.slice(character.length);
  for (let i = 0; i < Number(stop) && text.endsWith(character); i++) text = text.slice(0, -character.length);
  return text;
}

/** Bytes that are no UTF-8 become U+FFFD, as few as the Encoding Standard wants. */
function byteLevel(): Chain {
  const utf8 = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const byteOf = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));
  const spelled = new Map<string, Uint8Array>();
  return (tokens) => {
    const parts = tokens.map((token) => {
      let bytes = spelled.get(token);
      if (bytes === undefined) spelled.set(token, bytes = spelledBytes(token, byteOf, utf8));
      return bytes;
    });
    const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return [decoder.decode(all)];
  };
}

/** A token that is not spelled in bytes stands for itself. */
function spelledBytes(token: string, byteOf: ReadonlyMap<string, number>, utf8: TextEncoder): Uint8Array {
  const bytes = Array.from(token, (character) => byteOf.get(character));
  return bytes.includes(undefined) ? utf8.encode(token) : Uint8Array.from(bytes as number[]);
}

const STRICT = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2}|\+[0-9A-Fa-f])>$/;

/** The byte of a token such as `<0x0A>`. */
function byteOfToken(token: string): number | undefined {
  const digits = token.length === 6 ? BYTE_TOKEN.exec(token)?.[1] : undefined;
  return digits === undefined ? undefined : parseInt(digits, 16);
}

/** A run of bytes that is not UTF-8 as a whole becomes as many U+FFFD. */
function byteFallback(tokens: readonly string[]): readonly string[] {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      out.push(STRICT.decode(Uint8Array.from(bytes)));
    } catch {
      out.push(...bytes.map(() => "\uFFFD"));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = byteOfToken(token);
    if (byte !== undefined) {
      bytes.push(byte);
      continue;
    }
    flush();
    out.push(token);
  }
  flush();
  return out;
}
