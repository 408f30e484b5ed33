// Reads what a mergekit configuration says of the tokenizer: `tokenizer_source`, or `tokenizer`.
import { isMap, isScalar } from "yaml";
import type { TokenizerRequest, TokenRequest, TokenSource } from "../vocabulary/request.ts";
import { choice, entriesOf, type Entry, type Reader, textOf, wholeNumber } from "./reader.ts";

/** @param top the entries of the configuration */
export function readTokenizer(reader: Reader, top: ReadonlyMap<string, Entry>): TokenizerRequest | undefined {
  const [source, block] = [top.get("tokenizer_source"), top.get("tokenizer")];
  const sourceOf = (entry: Entry, key: string) => textOf(reader, entry, key, "base, union or a model", "union");
  if (source !== undefined && block !== undefined) {
    throw reader.wrong(
      block.offset,
      '"tokenizer" and "tokenizer_source" exclude each other',
      "write the source as source: in tokenizer, and leave out tokenizer_source",
    );
  }
  if (source !== undefined) {
    return { source: sourceOf(source, "tokenizer_source"), tokens: new Map(), padTo: 1 };
  }
  if (block === undefined) return undefined;
  const entries = entriesOf(reader, block.value, "the tokenizer", ["source", "tokens", "pad_to_multiple_of"]);
  const own = entries.get("source");
  const padTo = entries.get("pad_to_multiple_of");
  const tokens = entries.get("tokens");
  return {
    source: own === undefined ? "union" : sourceOf(own, "source"),
    tokens: tokens === undefined ? new Map() : readTokens(reader, tokens),
    padTo: padTo === undefined ? 1 : wholeNumber(reader, padTo, "pad_to_multiple_of", 1),
  };
}

function readTokens(reader: Reader, { value }: Entry): Map<string, TokenRequest> {
  const tokens = new Map<string, TokenRequest>();
  for (const [token, entry] of entriesOf(reader, value, '"tokens"', undefined)) {
    const entries = entriesOf(reader, entry.value, `the token ${JSON.stringify(token)}`, ["source", "force"]);
    const source = entries.get("source");
    if (source === undefined) {
      throw reader.wrong(
        entry.offset,
        `the token ${JSON.stringify(token)} has no "source" for its embedding`,
        "write it as in source: last:code, or source: {kind: zero}",
      );
    }
    const force = entries.get("force");
    const forced = force !== undefined && choice(reader, force, "force", ["true", "false"]) === "true";
    tokens.set(token, { source: readSource(reader, source), force: forced });
  }
  return tokens;
}

function readSource(reader: Reader, entry: Entry): TokenSource {
  if (!isMap(entry.value)) {
    return { kind: "model", model: textOf(reader, entry, "source", "a model, or its kind", "last:code") };
  }
  const entries = entriesOf(reader, entry.value, "a source", ["kind", "model", "token", "token_id"]);
  const at = (key: string) => entries.get(key) ?? { value: null, offset: entry.offset };
  if (choice(reader, at("kind"), "kind", ["model_token", "zero"]) === "zero") return { kind: "zero" };
  const [token, id] = [entries.get("token"), entries.get("token_id")];
  if ((token === undefined) === (id === undefined)) {
    throw reader.wrong(
      entry.offset,
      'expected either "token" or "token_id" for a source of the kind model_token',
      'write it as in {kind: model_token, model: last:code, token: "<|endoftext|>"}',
    );
  }
  const text = token !== undefined && isScalar(token.value) ? String(token.value.value) : "";
  return {
    kind: "model_token",
    model: textOf(reader, at("model"), "model"),
    token: id === undefined ? text : wholeNumber(reader, id, "token_id", 0),
  };
}
