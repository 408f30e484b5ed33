// Models and tokenizers so simple that the right result is known.
import * as tf from "@tensorflow/tfjs";
import type { Document, Tokenizer } from "../../lib/data/mod.ts";
import { decoder, initialWeights, type LanguageModel, toDevice } from "../../lib/model/mod.ts";
import { random } from "../../lib/random.ts";

/** Every byte is a token; 256 is `<|endoftext|>`. Half a character decodes to U+FFFD, as with byte-level BPE. */
export const byteTokenizer: Tokenizer = {
  vocabSize: 257,
  endOfText: 256,
  encode: (text) => [...new TextEncoder().encode(text)],
  decode: (ids) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids.filter((id) => id < 256))),
  bytes: (id) => id < 256 ? Uint8Array.of(id) : undefined,
};

/** The next token depends only on the last one: `logit(from, to)`. */
export function bigramModel(
  vocabSize: number,
  logit: (from: number, to: number) => number,
  contextLength = 1024,
): LanguageModel {
  const table = Array.from(
    { length: vocabSize },
    (_, from) => Array.from({ length: vocabSize }, (_, to) => logit(from, to)),
  );
  return {
    vocabSize,
    contextLength,
    logits: (ids, states, { last } = {}) => {
      const read = tf.tidy(() => tf.gather(tf.tensor2d(table), ids) as unknown as tf.Tensor3D);
      for (const state of states ?? []) (state as { length: number }).length += ids.shape[1];
      return last ? tf.tidy(() => tf.slice(read, [0, ids.shape[1] - 1, 0])) : read;
    },
    decodingState: () => ({ length: 0, canRewind: false, bytes: () => 0, fork: () => undefined, dispose: () => {} }),
  };
}

/** A decoder with random weights, large enough for logits that differ clearly. */
export function tinyDecoder(seed: number, vocabSize = 257): LanguageModel {
  const config = {
    vocabSize,
    width: 16,
    layers: 1,
    heads: 2,
    kvHeads: 1,
    inner: 24,
    contextLength: 64,
    ropeTheta: 10_000,
    normEps: 1e-5,
    tiedEmbeddings: true,
  };
  const weights = initialWeights(config, seed);
  for (const { shape, data } of Object.values(weights)) {
    if (shape.length > 1) data.forEach((value, i) => data[i] = 30 * value);
  }
  return decoder(config, toDevice(weights));
}

/** Documents of made-up words, some of them not ASCII, in lines. */
export function wordyDocuments(count: number, words: number, seed = 1): Document[] {
  return Array.from({ length: count }, (_, d) => {
    const draw = random(seed, "words", d);
    const word = () => Array.from({ length: draw.between(1, 9) }, () => draw.pick([..."aaeeiostnrlüé語"])).join("");
    const text = Array.from({ length: words }, (_, i) => (i === 0 ? "" : draw.int(8) === 0 ? "\n" : " ") + word()).join(
      "",
    );
    return { id: `document-${d}`, text };
  });
}
