// The tokenizer of a Hugging Face folder.
import { addedTokenJson, beginsWith, type TokenizerJson } from "../data/mod.ts";
import { exists, readBytes, readJson } from "./files.ts";
import { readSentencePiece } from "./sentencepiece.ts";

/**
 * The tokenizer of a folder: `tokenizer.json`, or else `tokenizer.model` with the further tokens of `tokenizer_config.json`;
 * undefined if the folder has neither.
 *
 * @throws UserError `tokenizer.sentencepiece`, and the errors of reading files
 */
export async function readTokenizer(folder: string): Promise<TokenizerJson | undefined> {
  if (await exists(`${folder}/tokenizer.json`)) return await readJson(`${folder}/tokenizer.json`);
  const path = `${folder}/tokenizer.model`;
  if (!await exists(path)) return undefined;
  const json = readSentencePiece(path, await readBytes(path));
  const settings = `${folder}/tokenizer_config.json`;
  return withSettings(json, await exists(settings) ? await readJson(settings) : {});
}

/** Adds what `tokenizer_config.json` says about added tokens, and about BOS before a text. */
function withSettings(json: TokenizerJson, settings: Readonly<Record<string, unknown>>): TokenizerJson {
  const added = json["added_tokens"] as readonly { readonly id: number; readonly content: string }[];
  const known = new Set(added.map(({ id }) => id));
  const further = Object.entries((settings["added_tokens_decoder"] ?? {}) as Readonly<Record<string, object>>)
    .map(([id, token]) => ({ ...addedTokenJson({ id: Number(id), content: "" }, false), ...token, id: Number(id) }))
    .filter(({ id }) => !known.has(id));
  const bos = settings["bos_token"] as string | { readonly content?: string } | null | undefined;
  const name = (typeof bos === "object" ? bos?.content : bos) ?? "<s>";
  const token = settings["add_bos_token"] === false ? undefined : added.find(({ content }) => content === name);
  return {
    ...json,
    added_tokens: [...added, ...further],
    post_processor: token === undefined ? null : beginsWith(token),
  };
}
