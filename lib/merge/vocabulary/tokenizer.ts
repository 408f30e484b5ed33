// The tokenizer of a merged model, and where each of its tokens is in the models, as mergekit has it.
import type { Input } from "../inputs/input.ts";
import type { TokenizerRequest } from "./request.ts";
import {
  type AddedToken,
  embeddingRows,
  type Json,
  readVocabulary,
  spellingOf,
  stripped,
  type Vocabulary,
  vocabularyOf,
  wrong,
} from "./vocabulary.ts";

/** The tokenizer of a merged model. */
export interface MergedTokenizer {
  /** The folder of the tokenizer that it is, or that it extends. */
  readonly folder: string;
  /** Undefined if it is that of the folder. */
  readonly json: Json | undefined;
  readonly ids: ReadonlyMap<string, number>;
  /** The largest id plus 1. */
  readonly size: number;
  /** Rows of the embeddings: `size`, padded. */
  readonly rows: number;
  /** By the model's name: for each id the row of the model's embeddings, -1 for a token that it lacks. */
  readonly rowsIn: ReadonlyMap<string, Int32Array>;
  /** Ids of tokens in each model, by its name. */
  readonly idsIn: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly warnings: readonly string[];
}

/**
 * Builds the tokenizer that is asked for.
 *
 * @param inputs the models, the base first
 * @throws UserError `merge.tokenizer` for vocabularies that cannot be aligned
 */
export async function buildTokenizer(
  { source, tokens, padTo }: TokenizerRequest,
  inputs: readonly Input[],
): Promise<MergedTokenizer> {
  const [base] = inputs as [Input, ...Input[]];
  const warnings: string[] = [];
  const own = await readVocabulary(base);
  if (own === undefined) {
    throw wrong(
      `Cannot align the vocabularies: "${base.name}" has no tokenizer.json`,
      "copy its tokenizer into the folder",
    );
  }
  const baseVocabulary = stripped(base.name, own, embeddingRows(base));
  const vocabularies = new Map<string, Vocabulary>([[base.name, baseVocabulary]]);
  for (const input of inputs.slice(1)) {
    const found = await readVocabulary(input);
    if (found === undefined) {
      warnings.push(`"${input.name}" has no tokenizer: its tokens are taken to be those of "${base.name}"`);
    }
    vocabularies.set(input.name, found ?? baseVocabulary);
  }
  let start = { folder: base.folder, vocabulary: baseVocabulary, stored: own.json };
  if (source !== "base" && source !== "union") {
    const folder = inputs.find(({ name }) => name === source)?.folder ?? source;
    const vocabulary = await readVocabulary({ name: source, folder });
    if (vocabulary === undefined) {
      throw wrong(
        `Cannot take the tokenizer of "${source}": it has no tokenizer.json`,
        "name union, base, or a model with a tokenizer",
      );
    }
    start = { folder, vocabulary, stored: vocabulary.json };
    checkSpelling([[source, vocabulary], ...vocabularies]);
  }
  checkSpelling([...vocabularies]);
  const rowsOf = new Map(inputs.map((input) => [input.name, embeddingRows(input)]));
  const added = source === "union" ? unionOf(vocabularies, rowsOf) : [];
  const plain = [...tokens.keys()].map((content) => ({ content }));
  const vocabulary = extended(start.vocabulary, [...added, ...plain]);
  const { ids } = vocabulary;
  const size = Math.max(...ids.values()) + 1;
  const rowsIn = new Map([...vocabularies].map(([name, { ids: inModel }]) => {
    const rows = new Int32Array(size).fill(-1);
    for (const [token, id] of ids) {
      const row = inModel.get(token);
      if (row !== undefined && row < rowsOf.get(name)!) rows[id] = row;
    }
    return [name, rows];
  }));
  return {
    folder: start.folder,
    json: vocabulary.json === start.stored ? undefined : vocabulary.json,
    ids,
    size,
    rows: Math.ceil(size / padTo) * padTo,
    rowsIn,
    idsIn: new Map([...vocabularies].map(([name, { ids }]) => [name, ids])),
    warnings,
  };
}

function checkSpelling(vocabularies: readonly (readonly [string, Vocabulary])[]): void {
  const [[first, one], ...others] = vocabularies as [[string, Vocabulary], ...[string, Vocabulary][]];
  for (const [name, other] of others) {
    const [a, b] = [spellingOf(one), spellingOf(other)];
    if (a === b) continue;
    throw wrong(
      `Cannot align the vocabularies of "${first}" and "${name}": tokens of the first spell ${a}, those of the second ` +
        `${b}, so that equal tokens are not equal text`,
      "Merge models with tokenizers of one kind",
    );
  }
}

/** The tokens of all models, added ones last; the first model that has a token says how it is added. */
function unionOf(
  vocabularies: ReadonlyMap<string, Vocabulary>,
  rowsOf: ReadonlyMap<string, number>,
): readonly Partial<AddedToken>[] {
  const [plain, special] = [new Map<string, Partial<AddedToken>>(), new Map<string, Partial<AddedToken>>()];
  for (const [name, { ids, added }] of vocabularies) {
    const rows = rowsOf.get(name)!;
    const isAdded = new Set(added.map(({ content }) => content));
    for (const [content] of [...ids].filter(([, id]) => id < rows).sort(([, a], [, b]) => a - b)) {
      if (!isAdded.has(content) && !plain.has(content)) plain.set(content, { content });
    }
    for (const token of added) {
      if (token.id < rows && !special.has(token.content)) special.set(token.content, token);
    }
  }
  for (const content of special.keys()) plain.delete(content);
  return [...plain.values(), ...special.values()];
}

/** A tokenizer with more tokens, after its own; itself if it has them all. */
function extended(vocabulary: Vocabulary, tokens: readonly Partial<AddedToken>[]): Vocabulary {
  const { json, ids, added } = vocabulary;
  let next = Math.max(...ids.values()) + 1;
  const isAdded = new Set(added.map(({ content }) => content));
  const more = new Map<string, AddedToken>();
  for (const token of tokens) {
    const content = token.content!;
    const id = ids.get(content) ?? more.get(content)?.id;
    // Without flags a token that the vocabulary has needs no entry.
    if (isAdded.has(content) || more.has(content) || (id !== undefined && token.special === undefined)) continue;
    const flags = { single_word: false, lstrip: false, rstrip: false, normalized: true, special: false };
    more.set(content, { ...flags, ...token, id: id ?? next, content });
    if (id === undefined) next++;
  }
  if (more.size === 0) return vocabulary;
  const all = [...added, ...more.values()].sort((a, b) => a.id - b.id);
  return vocabularyOf("", { ...json, added_tokens: all });
}
