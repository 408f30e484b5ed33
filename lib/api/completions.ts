// `POST /v1/completions`: continues texts, and scores them.
import { z } from "@hono/zod-openapi";
import { decodeStream } from "../data/mod.ts";
import type { Generation, GenerationRequest, ScoredToken } from "../infer/mod.ts";
import type { TextRoute, Texts } from "./answer.ts";
import { answerId, now } from "./context.ts";
import { invalidParameter } from "./errors.ts";
import { checkGates, type GatedToken, gatesSchema, switchedOff, withRest, writeGates } from "./gates.ts";
import {
  checkShared,
  encodePrompt,
  MOST_LOGPROBS,
  samplingOf,
  seedOf,
  sharedShape,
  stopsOf,
  tokensToGenerate,
  unsupported,
} from "./parameters.ts";
import { stopsAtFirst } from "./lists.ts";
import type { ServedModel } from "./registry.ts";
import { skippedSchema, skippingOf, writeSkipped } from "./skip.ts";
import { finishReason } from "./texts.ts";
import { finite, tokenName } from "./token-names.ts";
import { usageSchema } from "./usage.ts";

/** Tokens to generate, unless the request says so; OpenAI's default. */
const DEFAULT_TOKENS = 16;

const id = z.int().min(0);
const ids = stopsAtFirst(z.array(id).min(1), () => id);
const text = z.string().min(1);
const promptSchema = stopsAtFirst(
  z.union(
    // The longest lists first: the forms before theirs would list what is wrong with each item.
    [text, z.array(id).min(1), z.array(text).min(1), z.array(ids).min(1)],
    { error: "expected a text, a list of texts, a list of token ids, or a list of such lists; none of them empty" },
  ),
  ([first]) => Array.isArray(first) ? ids : typeof first === "string" ? text : id,
);

export const completionRequestSchema = z.strictObject({
  ...sharedShape,
  prompt: promptSchema.openapi({ description: "What is continued: texts, or token ids" }),
  max_tokens: z.int().min(0).nullish().openapi({ description: "Most tokens to generate. Default 16" }),
  echo: z.boolean().nullish().openapi({
    description: "Whether the result begins with the prompt; with `max_tokens: 0` and `logprobs`, the prompt is scored",
  }),
  logprobs: z.int().min(0).max(MOST_LOGPROBS).nullish().openapi({
    description: "Log-probabilities of the tokens, and of this many most likely ones at each place",
  }),
  best_of: z.literal(1).nullish(),
  suffix: unsupported,
}).openapi("CompletionRequest");

const logprobsSchema = z.strictObject({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
  text_offset: z.array(z.int()),
});

const choiceSchema = z.strictObject({
  text: z.string(),
  index: z.int(),
  logprobs: logprobsSchema.nullable(),
  gates: gatesSchema.optional(),
  skipped: skippedSchema.optional(),
  finish_reason: z.enum(["stop", "length"]).nullable(),
});

export const completionSchema = z.strictObject({
  id: z.string(),
  object: z.literal("text_completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(choiceSchema),
  usage: usageSchema.nullish(),
}).openapi("Completion");

type Logprobs = z.infer<typeof logprobsSchema>;

/** The route of completions. */
export const completionsRoute: TextRoute<typeof completionRequestSchema> = {
  path: "/v1/completions",
  summary: "Continues texts, and scores them",
  request: completionRequestSchema,
  answer: completionSchema,
  answerTitle: "The texts",
  textsOf: completionTexts,
};

type CompletionRequest = z.infer<typeof completionRequestSchema>;

/** A prompt: its ids as the model reads them, and its text as the client wrote it or as the ids spell it. */
interface Prompt {
  readonly ids: readonly number[];
  readonly text: string;
  /** Where each token begins in the text. */
  readonly offsets: readonly number[];
}

/** What a request asks for. @throws ApiError for what does not fit the model */
function completionTexts(request: CompletionRequest, model: ServedModel): Texts {
  checkShared(request, model.tokenizer.vocabSize);
  checkGates(request.gates, model, request.model);
  const { echo, logprobs, stream, gates } = request;
  if (stream && echo && (logprobs != null || gates)) {
    const what = gates ? "gates" : "logprobs";
    throw invalidParameter("echo", `'echo' with '${what}' cannot be streamed: those of the prompt come at the end`);
  }
  const off = { ...switchedOff(request.without, model, request.model), ...skippingOf(request, model) };
  const prompts = promptsOf(request.prompt).map((prompt) => readPrompt(prompt, model));
  const [choices, seed] = [request.n ?? 1, seedOf(request)];
  const requests = prompts.flatMap(({ ids }) => {
    const asked = request.max_tokens ?? DEFAULT_TOKENS;
    const maxTokens = tokensToGenerate(ids.length, asked, model.contextLength, "prompt");
    return Array.from({ length: choices }, (_, choice): GenerationRequest => ({
      prompt: ids,
      maxTokens,
      sampling: samplingOf(request, seed, choice),
      stop: stopsOf(request),
      ...(logprobs == null ? {} : { logprobs, scorePrompt: echo ?? false }),
      ...(gates ? { gates: echo ? "all" : "generated" } : {}),
      ...off,
    }));
  });
  const promptOf = (index: number) => prompts[Math.floor(index / choices)]!;
  const head = { id: answerId("cmpl"), object: "text_completion", created: now(), model: request.model };
  /** Length of what was sent of each text. */
  const sent = requests.map((_, index) => echo ? promptOf(index).text.length : 0);
  const write = (tokens: readonly ScoredToken[], offsets: readonly number[]) =>
    logprobs == null ? null : writeLogprobs(model, tokens, offsets);
  return {
    requests,
    choices,
    stream: stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    head,
    whole: (texts, usage) => ({
      ...head,
      choices: texts.map(({ text, tokens, end }, index) => {
        const { text: promptText, offsets } = promptOf(index);
        const before = echo ? promptText : "";
        let length = before.length;
        const places = tokens.map((token) => {
          const place = length;
          length += token.text.length;
          return place;
        });
        const all = echo ? [...end.prompt ?? [], ...tokens] : tokens;
        return {
          text: before + text,
          index,
          logprobs: write(all, echo ? [...offsets, ...places] : places),
          ...writeGates(gates, model, [
            ...echo ? promptTokens(promptOf(index), end) : [],
            ...withRest(tokens, end.text),
          ], true),
          ...writeSkipped(end, model),
          finish_reason: finishReason(end.finish),
        };
      }),
      usage,
    }),
    begin: (index) =>
      echo || gates
        ? [{
          text: echo ? promptOf(index).text : "",
          index,
          logprobs: null,
          ...writeGates(gates, model, [], true),
          finish_reason: null,
        }]
        : [],
    token(index, token) {
      const place = sent[index]!;
      sent[index]! += token.text.length;
      if (token.text === "" && logprobs == null && !gates) return [];
      const logprobsOf = write([token], [place]);
      return [{
        text: token.text,
        index,
        logprobs: logprobsOf,
        ...writeGates(gates, model, [token]),
        finish_reason: null,
      }];
    },
    end: (index, end) => [{
      text: end.text,
      index,
      logprobs: null,
      ...writeSkipped(end, model),
      finish_reason: finishReason(end.finish),
    }],
  };
}

function promptsOf(prompt: CompletionRequest["prompt"]): readonly (string | readonly number[])[] {
  if (typeof prompt === "string") return [prompt];
  return typeof prompt[0] === "number" ? [prompt as number[]] : prompt as (string | number[])[];
}

/** @throws ApiError for ids outside the vocabulary */
function readPrompt(
  prompt: string | readonly number[],
  { tokenizer, opening, contextLength }: ServedModel,
): Prompt {
  const ids = typeof prompt === "string"
    ? [...opening, ...encodePrompt(prompt, tokenizer, contextLength, "prompt")]
    : prompt;
  const outside = ids.find((id) => id >= tokenizer.vocabSize);
  if (outside !== undefined) {
    throw invalidParameter(
      "prompt",
      `Invalid 'prompt': the token id ${outside} is outside the vocabulary, whose ids go from 0 to ` +
        `${tokenizer.vocabSize - 1}`,
    );
  }
  const decoded = decodeStream(tokenizer, { specialTokens: true });
  let spelled = "";
  const offsets = ids.map((id, i) => {
    const place = spelled.length;
    // The tokens that open a text are none of the client's.
    if (typeof prompt !== "string" || i >= opening.length) spelled += decoded.push(id);
    return place;
  });
  const text = typeof prompt === "string" ? prompt : spelled + decoded.end();
  return { ids, text, offsets: offsets.map((place) => Math.min(place, text.length)) };
}

/** The tokens of a prompt with the text that each adds. */
function promptTokens({ ids, text, offsets }: Prompt, { promptGates }: Generation): GatedToken[] {
  return ids.map((id, i) => ({
    id,
    text: text.slice(offsets[i], offsets[i + 1] ?? text.length),
    gates: promptGates?.[i],
  }));
}

function writeLogprobs(model: ServedModel, tokens: readonly ScoredToken[], offsets: readonly number[]): Logprobs {
  return {
    tokens: tokens.map(({ id }) => tokenName(model.tokenizer, id)),
    token_logprobs: tokens.map(({ logprob }) => logprob === null ? null : finite(logprob)),
    top_logprobs: tokens.map((token) => topLogprobs(model, token)),
    text_offset: [...offsets],
  };
}

/** The most likely tokens and the token itself, by name. Of tokens with one name, the less likely are called by their id. */
function topLogprobs(model: ServedModel, { id, logprob, top }: ScoredToken): Record<string, number> | null {
  if (logprob === null) return null;
  const named = new Map<string, number>();
  for (const one of top.some((other) => other.id === id) ? top : [...top, { id, logprob }]) {
    const name = tokenName(model.tokenizer, one.id);
    named.set(named.has(name) ? `token_id:${one.id}` : name, finite(one.logprob));
  }
  return Object.fromEntries(named);
}
