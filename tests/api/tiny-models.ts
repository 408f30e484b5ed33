// A small real model (random weights) with a tokenizer of bytes and a chat template, behind a simple engine.
import * as tf from "@tensorflow/tfjs";
import type { ModelRegistry, ServedModel } from "../../lib/api/mod.ts";
import { addedTokenJson, byteLevelJson, openTokenizer, type Tokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import type {
  GeneratedToken,
  Generation,
  GenerationRequest,
  InferenceEngine,
  ScoredToken,
} from "../../lib/infer/mod.ts";
import { sampler, scoreToken, textStream } from "../../lib/infer/mod.ts";
import { decoder, type LanguageModel, type ModelConfig, toDevice } from "../../lib/model/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { bigWeights, TINY } from "../tiny.ts";

const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
/** Begins a message. */
export const START = 1;
/** Ends a message. */
export const END = 2;
export const CONFIG: ModelConfig = { ...TINY, layers: 1, vocabSize: SPECIAL.length + 256, contextLength: 96 };

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
export const TOKENIZER: Tokenizer = openTokenizer(byteLevelJson({
  addedTokens: SPECIAL.map((content, id) => addedTokenJson({ id, content }, true)),
  normalizer: null,
  preTokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  postProcessor: null,
  ignoreMerges: false,
  tokens: [...SPECIAL, ...CHARACTERS],
  merges: [],
}));

/** Logits after each of `ids`, `[time][vocab]`, computed at once and without a cache. */
export function allLogits(model: LanguageModel, ids: readonly number[]): Float32Array[] {
  return tf.tidy(() => {
    const logits = model.logits(tf.tensor2d([[...ids]], undefined, "int32"));
    const values = logits.dataSync() as Float32Array;
    return ids.map((_, i) => values.slice(i * model.vocabSize, (i + 1) * model.vocabSize));
  });
}

/** One place after the other: an engine without batches or caches. */
export function simpleEngine(
  model: LanguageModel,
  tokenizer: Tokenizer,
  ends: readonly number[],
  places = 8,
): InferenceEngine {
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async (signal: AbortSignal | undefined) => {
    if (running >= places) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        signal?.addEventListener("abort", () => {
          const at = waiting.indexOf(resolve);
          if (at < 0) return;
          waiting.splice(at, 1);
          running++;
          resolve();
        });
      });
    } else running++;
  };
  const leave = () => {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  };
  return {
    async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, Generation, void> {
      const { prompt, maxTokens, sampling = {}, stop = [], logprobs = 0, scorePrompt, constraint, signal } = request;
      if (prompt.length + maxTokens > model.contextLength) throw new UserError("generate.length", "Too long");
      const draws = sampler(sampling, {
        vocabSize: model.vocabSize,
        prompt,
        ...(constraint === undefined ? {} : { constraint }),
      });
      const texts = textStream(tokenizer, stop, prompt);
      const ids = [...prompt];
      await enter(signal);
      try {
        let finish: Generation["finish"] = "length";
        const first = allLogits(model, ids);
        const scores = scorePrompt
          ? ids.map((id, i): ScoredToken =>
            i === 0 ? { id, logprob: null, top: [] } : scoreToken(first[i - 1]!, id, logprobs)
          )
          : undefined;
        for (let step = 0; step < maxTokens; step++) {
          await new Promise((resolve) => setTimeout(resolve, 0));
          if (signal?.aborted) {
            finish = "cancelled";
            break;
          }
          const logits = step === 0 ? first.at(-1)! : allLogits(model, ids).at(-1)!;
          const id = draws.next(logits.slice());
          ids.push(id);
          yield { ...scoreToken(logits, id, logprobs), text: ends.includes(id) ? "" : texts.push(id) };
          if (ends.includes(id) || texts.stopped || constraint?.complete) {
            finish = "stop";
            break;
          }
        }
        return {
          finish,
          text: texts.end(),
          promptTokens: prompt.length,
          cachedTokens: 0,
          generatedTokens: ids.length - prompt.length,
          ...(scores === undefined ? {} : { prompt: scores }),
        };
      } finally {
        leave();
      }
    },
    get load() {
      return { running, waiting: waiting.length };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Models for tests: `tiny` with a chat template, `plain` without; `using` frees them. */
export interface TinyModels extends ModelRegistry {
  readonly model: LanguageModel;
  readonly served: ServedModel;
}

export async function tinyModels({ places }: { readonly places?: number } = {}): Promise<TinyModels> {
  const device = await openDevice("reference");
  const weights = toDevice(bigWeights(CONFIG, 3));
  const model = decoder(CONFIG, weights);
  const ends = [TOKENIZER.endOfText, END];
  const plain: ServedModel = {
    engine: simpleEngine(model, TOKENIZER, ends, places),
    tokenizer: TOKENIZER,
    contextLength: model.contextLength,
    opening: TOKENIZER.endOfText,
    ends,
    constrain() {
      throw new UserError("constraint.schema", "This model takes no schema");
    },
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
      weights[Symbol.dispose]();
      await device[Symbol.asyncDispose]();
    },
  };
}
