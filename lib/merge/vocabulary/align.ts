// Embeddings and heads of several models with one row for each token of the merged tokenizer, as in mergekit.
import type { Input } from "../inputs/input.ts";
import type { TokenizerRequest, TokenSource } from "./request.ts";
import type { MergedTokenizer } from "./tokenizer.ts";
import { wrong } from "./vocabulary.ts";

/** A model whose tensors are read by name. */
interface Readable {
  readonly input: Input;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  readonly read: (name: string, begin: number, end: number, into?: Float32Array) => Float32Array;
}

/** Whether the rows of a tensor are tokens. */
export function hasTokenRows(name: string): boolean {
  return /(^|\.)(lm_head|embed_out|embed_tokens|embed_in|wte|word_embeddings|tok_embeddings|shared)\.(weight|bias)$/
    .test(name);
}

/** A row of a model, by the model's index. */
type Row = readonly [model: number, row: number];

/**
 * The models with aligned vocabularies. A token that a model lacks gets the embedding of the base, of the only model that
 * has it, or the mean of those that have it; further rows of a padded vocabulary get the mean of all tokens.
 *
 * @param base the name of the base, which may be among the models
 * @returns the models, and the tokens that none of them has
 * @throws UserError `merge.tokenizer` for a token whose source is not among the models, or lacks it
 */
export function alignVocabularies<Model extends Readable>(
  models: readonly Model[],
  base: string | undefined,
  tokenizer: MergedTokenizer,
  request: TokenizerRequest,
): { readonly models: readonly Model[]; readonly unknown: readonly string[] } {
  const own = models.map(({ input }) => tokenizer.rowsIn.get(input.name)!);
  const baseIndex = models.findIndex(({ input }) => input.name === base);
  const defaults = new Map<number, readonly Row[]>();
  const forced = new Set<number>();
  const unknown: string[] = [];
  for (const [token, id] of tokenizer.ids) {
    const having = own.flatMap((rows, model): Row[] => rows[id]! < 0 ? [] : [[model, rows[id]!]]);
    const asked = request.tokens.get(token);
    if (asked?.force) forced.add(id);
    if (having.length === models.length && !asked?.force) continue;
    if (asked !== undefined) defaults.set(id, sourceRows(token, id, asked.source, models, tokenizer));
    else {
      if (having.length === 0) unknown.push(token);
      const ofBase = having.filter(([model]) => model === baseIndex);
      defaults.set(id, ofBase.length > 0 ? ofBase : having);
    }
  }
  const rowsFor = (model: number): readonly (readonly Row[])[] =>
    Array.from(own[model]!, (row, id) => row >= 0 && !forced.has(id) ? [[model, row]] : defaults.get(id) ?? []);
  return { models: models.map((one, model) => aligned(one, models, rowsFor(model), tokenizer.rows)), unknown };
}

function sourceRows(
  token: string,
  id: number,
  source: TokenSource,
  models: readonly Readable[],
  { rowsIn, idsIn }: MergedTokenizer,
): readonly Row[] {
  if (source.kind === "zero") return [];
  const refuse = (what: string) =>
    wrong(
      `Cannot set the embedding of the token ${JSON.stringify(token)}: ${what}`,
      "name one of the models that has it, another token with {kind: model_token, …}, or {kind: zero}",
    );
  const model = models.findIndex(({ input }) => input.name === source.model);
  if (model < 0) throw refuse(`its source "${source.model}" is not among the models that are merged`);
  if (source.kind === "model") {
    const row = rowsIn.get(source.model)![id]!;
    if (row < 0) throw refuse(`"${source.model}" does not have it`);
    return [[model, row]];
  }
  const row = typeof source.token === "number" ? source.token : idsIn.get(source.model)!.get(source.token);
  if (row === undefined) throw refuse(`"${source.model}" has no token ${JSON.stringify(source.token)}`);
  const [, shape] = models[model]!.shapes.entries().find(([name]) => hasTokenRows(name)) ?? [];
  if (row < 0 || row >= shape![0]!) throw refuse(`"${source.model}" has no row ${row}`);
  return [[model, row]];
}

/** One model with the rows of its tensors taken from those of all models. */
function aligned<Model extends Readable>(
  model: Model,
  models: readonly Readable[],
  rows: readonly (readonly Row[])[],
  count: number,
): Model {
  const shapes = new Map(
    [...model.shapes].map(([name, shape]) => [name, hasTokenRows(name) ? [count, ...shape.slice(1)] : shape]),
  );
  const widthOf = (name: string) => shapes.get(name)!.slice(1).reduce((product, size) => product * size, 1);
  /** Part of a row: the mean of its sources, or zeros. */
  const readRow = (name: string, row: number, from: number, into: Float32Array) => {
    const width = widthOf(name);
    const sources = rows[row]!;
    into.fill(0);
    for (const [from_, own] of sources) {
      const values = models[from_]!.read(name, own * width + from, own * width + from + into.length);
      for (let j = 0; j < into.length; j++) into[j]! += values[j]!;
    }
    if (sources.length > 1) { for (let j = 0; j < into.length; j++) into[j]! /= sources.length; }
  };
  const means = new Map<string, Float32Array>();
  const meanRow = (name: string): Float32Array => {
    const width = widthOf(name);
    const row = new Float32Array(width);
    const sums = new Float64Array(width);
    for (let r = 0; r < rows.length; r++) {
      readRow(name, r, 0, row);
      for (let j = 0; j < width; j++) sums[j]! += row[j]!;
    }
    return Float32Array.from(sums, (sum) => sum / rows.length);
  };
  return {
    ...model,
    shapes,
    read(name, begin, end, into = new Float32Array(end - begin)) {
      if (!hasTokenRows(name)) return model.read(name, begin, end, into);
      const width = widthOf(name);
      for (let at = begin; at < end;) {
        const [row, from] = [Math.floor(at / width), at % width];
        const run = row < rows.length && from === 0 ? runLength(rows, row, Math.floor((end - at) / width)) : 0;
        const next = run > 0 ? at + run * width : Math.min(end, at - from + width);
        const part = into.subarray(at - begin, next - begin);
        if (run > 0) {
          const [source, own] = rows[row]![0]!;
          models[source]!.read(name, own * width, (own + run) * width, part);
        } else if (row < rows.length) readRow(name, row, from, part);
        else {
          if (!means.has(name)) means.set(name, meanRow(name));
          part.set(means.get(name)!.subarray(from, from + part.length));
        }
        at = next;
      }
      return into;
    },
  };
}

/** How many rows from `first` on follow each other in one model, up to `most`. */
function runLength(rows: readonly (readonly Row[])[], first: number, most: number): number {
  if (rows[first]!.length !== 1) return 0;
  const [model, own] = rows[first]![0]!;
  let length = 0;
  while (length < most && first + length < rows.length) {
    const here = rows[first + length]!;
    if (here.length !== 1 || here[0]![0] !== model || here[0]![1] !== own + length) break;
    length++;
  }
  return length;
}
