// How tokens are written where log-probabilities are reported.
import type { Tokenizer } from "../data/mod.ts";
import { attempt } from "../errors.ts";

/** Log-probabilities that JSON cannot write, as OpenAI writes them. */
const IMPOSSIBLE = -9999;

/** A log-probability as a JSON number. */
export function finite(logprob: number): number {
  return Number.isFinite(logprob) ? logprob : IMPOSSIBLE;
}

/** A token's text; `bytes:\xe2\x80` for one that is only a part of a character, so that different tokens differ. */
export function tokenName(tokenizer: Tokenizer, id: number): string {
  const bytes = bytesOf(tokenizer, id);
  if (bytes === undefined) return tokenizer.decode([id], { specialTokens: true });
  return attempt(() => strict.decode(bytes)) ?? `bytes:${Array.from(bytes, escaped).join("")}`;
}

/** The token's bytes as numbers; null for special tokens. */
export function byteList(tokenizer: Tokenizer, id: number): number[] | null {
  const bytes = bytesOf(tokenizer, id);
  return bytes === undefined ? null : [...bytes];
}

/** Undefined also where the tokenizer's tokens have no bytes of their own. */
const bytesOf = (tokenizer: Tokenizer, id: number) => attempt(() => tokenizer.bytes(id));

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const escaped = (byte: number) => `\\x${byte.toString(16).padStart(2, "0")}`;
