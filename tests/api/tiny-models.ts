// A small real model (random weights) with a tokenizer of bytes and a chat template.
import * as tf from "@tensorflow/tfjs";
import type { ModelRegistry, ServedModel } from "../../lib/api/mod.ts";
import {
  addedTokenJson,
  byteLevelJson,
  openTokenizer,
  type Tokenizer,
  type TokenizerJson,
} from "../../lib/data/mod.ts";
import { constraints, createEngine, type EngineOptions } from "../../lib/infer/mod.ts";
import { decoder, type LanguageModel, type ModelConfig, toDevice } from "../../lib/model/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { bigWeights, TINY } from "../tiny.ts";

const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
/** Begins a message. */
export const START = 1;
/** Ends a message. */
export const END = 2;
export const CONFIG: ModelConfig = { ...TINY, layers: 1, vocabSize: SPECIAL.length + 256, contextLength: 2048 };

/** ChatML that wants users and assistants to take turns. */
export const TEMPLATE = `{%- for message in messages -%}
{%- if message.role == 'assistant' and loop.first -%}{{ raise_exception('An assistant may not begin') }}{%- endif -%}
{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}`;

/** The characters that stand for bytes in GPT-2's vocabulary: printable ones for themselves. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte);
const isPrintable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
const others = BYTES.filter((byte) => !isPrintable(byte));
const CHARACTERS = BYTES.map((byte) => String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others.indexOf(byte)));

/** Each byte is a token. */
export const TOKENIZER_JSON: TokenizerJson = byteLevelJson({
  addedTokens: SPECIAL.map((content, id) => addedTokenJson({ id, content }, true)),
  normalizer: null,
  preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  postProcessor: null,
  ignoreMerges: false,
  tokens: [...SPECIAL, ...CHARACTERS],
  merges: [],
});
export const TOKENIZER: Tokenizer = openTokenizer(TOKENIZER_JSON);

/** Logits after each of `ids`, `[time][vocab]`, computed at once and without a cache. */
export function allLogits(model: LanguageModel, ids: readonly number[]): Float32Array[] {
  return tf.tidy(() => {
    const logits = model.logits(tf.tensor2d([[...ids]], undefined, "int32"));
    const values = logits.dataSync() as Float32Array;
    return ids.map((_, i) => values.slice(i * model.vocabSize, (i + 1) * model.vocabSize));
  });
}

/** Models for tests: `tiny` with a chat template, `plain` without; `using` frees them. */
export interface TinyModels extends ModelRegistry {
  readonly model: LanguageModel;
  readonly served: ServedModel;
}

export async function tinyModels(options: EngineOptions = {}, config = CONFIG): Promise<TinyModels> {
  const device = await openDevice("cpu");
  const weights = toDevice(bigWeights(config, 3));
  const model = decoder(config, weights);
  const ends = [TOKENIZER.endOfText, END];
  const engine = createEngine(model, TOKENIZER, ends, options);
  const plain: ServedModel = {
    engine,
    tokenizer: TOKENIZER,
    contextLength: model.contextLength,
    opening: [TOKENIZER.endOfText],
    ends,
    constraints: constraints(TOKENIZER, ends),
  };
  const served: ServedModel = { ...plain, chatTemplate: { template: TEMPLATE, tokens: {} } };
  const all = new Map([["tiny", served], ["a-run/expert:code", plain]]);
  return {
    model,
    served,
    models: [...all.keys()].map((name) => ({ name, created: 1_700_000_000 })),
    loaded: () => all,
    open: (name) => Promise.resolve({ model: all.get(name)!, [Symbol.dispose]() {} }),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      weights[Symbol.dispose]();
      await device[Symbol.asyncDispose]();
    },
  };
}
