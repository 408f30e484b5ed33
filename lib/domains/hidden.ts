// Hidden states of a model as features of documents.
import * as tf from "@tensorflow/tfjs";
import { openTokenizer, tokensAround } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { hiddenStates } from "../model/mod.ts";
import { jsonHash, openPretrained } from "../pretrained/mod.ts";
import { rmsNorm } from "../tensor/mod.ts";
import type { Clustering } from "./description.ts";

/** A model that turns texts into vectors. */
export interface Encoder extends Disposable {
  /** What the description of a clustering says of it. */
  readonly about: NonNullable<Clustering["model"]>;
  /** Numbers of a vector. */
  readonly width: number;
  /** What it makes of a certain text, which tells its weights from others. */
  readonly probe: Float64Array;
  /**
   * The mean hidden state of each text's first tokens: after the last layer and its norm, over all tokens but the first one,
   * whose state is unlike all others in most models.
   */
  states(texts: readonly string[]): Promise<Float64Array[]>;
}

/** Tokens of a document that are read, at most. */
const TOKENS = 512;
/** Documents that run at once. */
const AT_ONCE = 8;
/** Some characters are several tokens, and few tokens have more characters. */
const CHARACTERS_PER_TOKEN = 16;
const PROBE = "The quick brown fox jumps over the lazy dog. 1 + 1 = 2; return x.";

/**
 * Opens a model on the open device.
 *
 * @param path a Hugging Face folder, a GGUF file, or an id on the hub
 * @param name how the user names it
 * @throws UserError as `openPretrained()` does
 */
export async function openEncoder(path: string, name: string): Promise<Encoder> {
  const found = await openPretrained(path, "--model");
  const { config } = found;
  const weights = await found.loadOnDevice();
  const tokenizer = openTokenizer(found.tokenizer, { rows: config.vocabSize });
  const opening = tokensAround(found.tokenizer)?.before ?? [];
  const tokens = Math.min(TOKENS, config.contextLength);
  const idsOf = (text: string) => {
    const start = text.slice(0, tokens * CHARACTERS_PER_TOKEN).toWellFormed();
    const ids = [...opening, ...tokenizer.encode(start)].slice(0, tokens);
    return ids.length === 0 ? [tokenizer.endOfText] : ids;
  };
  const batch = async (texts: readonly string[]): Promise<Float64Array[]> => {
    const rows = texts.map(idsOf);
    const time = Math.max(...rows.map(({ length }) => length));
    const ids = new Int32Array(rows.length * time); // padded at the end, which no earlier token sees
    rows.forEach((row, at) => ids.set(row, at * time));
    const states = tf.tidy(() => {
      const hidden = hiddenStates(config, weights, tf.tensor2d(ids, [rows.length, time], "int32"));
      return rmsNorm(hidden.reshape([-1, config.width]), weights["model.norm.weight"]!, config.normEps);
    });
    const values = await states.data<"float32">();
    states.dispose();
    return rows.map(({ length }, row) => meanOf(values, row * time, length, config.width));
  };
  const states = async (texts: readonly string[]) => {
    const all: Float64Array[] = [];
    for (let from = 0; from < texts.length; from += AT_ONCE) {
      all.push(...await batch(texts.slice(from, from + AT_ONCE)));
    }
    return all;
  };
  const [probe] = await states([PROBE]);
  return {
    about: { path: name, tokenizer: jsonHash(found.tokenizer), tokens },
    probe: probe!,
    width: config.width,
    states,
    [Symbol.dispose]: () => weights[Symbol.dispose](),
  };
}

/** The mean of the rows from `first` on, without the first one if there are more. */
function meanOf(values: Float32Array, first: number, count: number, width: number): Float64Array {
  const mean = new Float64Array(width);
  const skipped = count > 1 ? 1 : 0;
  for (let row = first + skipped; row < first + count; row++) {
    for (let i = 0; i < width; i++) mean[i]! += values[row * width + i]! / (count - skipped);
  }
  return mean;
}

/**
 * Checks that an encoder is the one of a saved clustering.
 *
 * @throws UserError `domains.model` for another tokenizer, or other weights
 */
export function checkEncoder(
  { about, probe }: Encoder,
  { model, probe: before, folder }: {
    readonly model: Clustering["model"];
    readonly probe: Float64Array | undefined;
    readonly folder: string;
  },
): void {
  const refuse = (what: string) =>
    new UserError(
      "domains.model",
      `Cannot assign to the clusters in ${folder} with ${about.path}: it has ${what} than the model that they were found with, ` +
        `${model?.path}`,
      "name the same model with --model, or run deno task domains discover again",
    );
  if (model === undefined || about.tokenizer !== model.tokenizer || about.tokens !== model.tokens) {
    throw refuse("another tokenizer");
  }
  // Other kernels give other last digits; other weights give another direction.
  if (before === undefined || before.length !== probe.length || cosine(before, probe) < 0.9999) {
    throw refuse("other weights");
  }
}

function cosine(a: Float64Array, b: Float64Array): number {
  const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
