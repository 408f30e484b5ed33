// `POST /v1/chat/completions`: the assistant's next message of a conversation.
import { z } from "@hono/zod-openapi";
import { type ChatMessage, renderChat } from "../huggingface/mod.ts";
import type { GenerationRequest, ScoredToken } from "../infer/mod.ts";
import type { TextRoute, Texts } from "./answer.ts";
import { answerId, now } from "./context.ts";
import { ApiError, invalidParameter } from "./errors.ts";
import { checkGates, gatesSchema, switchedOff, withRest, writeGates } from "./gates.ts";
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
import { constraintOf, responseFormatSchema } from "./response-format.ts";
import { skippedSchema, skippingOf, writeSkipped } from "./skip.ts";
import { finishReason } from "./texts.ts";
import { byteList, finite, tokenName } from "./token-names.ts";
import { usageSchema } from "./usage.ts";

const partSchema = z.strictObject({ type: z.literal("text"), text: z.string() });

const contentSchema = z.union(
  [z.string(), stopsAtFirst(z.array(partSchema).min(1), () => partSchema)],
  { error: 'expected a text, or a list of parts { "type": "text", "text": … }: this server takes text only' },
);

const messageSchema = z.strictObject({
  role: z.enum(["system", "developer", "user", "assistant"]).openapi({
    description: "`developer` is another name for `system`",
  }),
  content: contentSchema,
  name: z.string().nullish().openapi({ description: "For the chat template, if it reads names" }),
  refusal: unsupported,
  tool_calls: unsupported,
  function_call: unsupported,
  audio: unsupported,
});

export const chatRequestSchema = z.strictObject({
  ...sharedShape,
  messages: stopsAtFirst(z.array(messageSchema).min(1), () => messageSchema),
  max_tokens: z.int().min(1).nullish().openapi({ description: "The older name of `max_completion_tokens`" }),
  max_completion_tokens: z.int().min(1).nullish().openapi({
    description: "Most tokens to generate. Default: what the context has room for",
  }),
  logprobs: z.boolean().nullish().openapi({ description: "Log-probabilities of the tokens" }),
  top_logprobs: z.int().min(0).max(MOST_LOGPROBS).nullish().openapi({
    description: "Log-probabilities of this many most likely tokens at each place; needs `logprobs: true`",
  }),
  response_format: responseFormatSchema.nullish(),
  tools: unsupported,
  tool_choice: unsupported,
  parallel_tool_calls: unsupported,
  functions: unsupported,
  function_call: unsupported,
  modalities: unsupported,
  audio: unsupported,
  prediction: unsupported,
  reasoning_effort: unsupported,
  verbosity: unsupported,
  store: unsupported,
  metadata: unsupported,
  service_tier: unsupported,
  web_search_options: unsupported,
}).openapi("ChatCompletionRequest");

const likelyToken = { token: z.string(), logprob: z.number(), bytes: z.array(z.int()).nullable() };
const logprobsSchema = z.strictObject({
  content: z.array(z.strictObject({ ...likelyToken, top_logprobs: z.array(z.strictObject(likelyToken)) })),
  refusal: z.null(),
});

export const chatCompletionSchema = z.strictObject({
  id: z.string(),
  object: z.literal("chat.completion"),
  created: z.int(),
  model: z.string(),
  choices: z.array(z.strictObject({
    index: z.int(),
    message: z.strictObject({ role: z.literal("assistant"), content: z.string(), refusal: z.null() }),
    logprobs: logprobsSchema.nullable(),
    gates: gatesSchema.optional(),
    skipped: skippedSchema.optional(),
    finish_reason: z.enum(["stop", "length"]),
  })),
  usage: usageSchema,
}).openapi("ChatCompletion");

/** The route of chat completions. */
export const chatRoute: TextRoute<typeof chatRequestSchema> = {
  path: "/v1/chat/completions",
  summary: "The assistant's next message",
  request: chatRequestSchema,
  answer: chatCompletionSchema,
  answerTitle: "The message",
  textsOf: chatTexts,
};

type ChatRequest = z.infer<typeof chatRequestSchema>;

/** What a request asks for. @throws ApiError, UserError for what does not fit the model */
function chatTexts(request: ChatRequest, model: ServedModel): Texts {
  checkShared(request, model.tokenizer.vocabSize);
  checkGates(request.gates, model, request.model);
  const { logprobs, top_logprobs, stream, response_format, gates } = request;
  if (top_logprobs != null && !logprobs) {
    throw invalidParameter("top_logprobs", "'top_logprobs' needs logprobs: true");
  }
  const off = { ...switchedOff(request.without, model, request.model), ...skippingOf(request, model) };
  const prompt = renderPrompt(request, model);
  const [choices, seed] = [request.n ?? 1, seedOf(request)];
  const maxTokens = tokensToGenerate(prompt.length, tokenLimit(request), model.contextLength, "messages");
  const requests = Array.from({ length: choices }, (_, choice): GenerationRequest => {
    const constraint = constraintOf(response_format, model);
    return {
      prompt,
      maxTokens,
      sampling: samplingOf(request, seed, choice),
      stop: stopsOf(request),
      ...(logprobs ? { logprobs: top_logprobs ?? 0 } : {}),
      ...(constraint === undefined ? {} : { constraint }),
      ...(gates ? { gates: "generated" } : {}),
      ...off,
    };
  });
  const write = (tokens: readonly ScoredToken[]) => logprobs ? writeLogprobs(model, tokens) : null;
  const common = { id: answerId("chatcmpl"), created: now(), model: request.model };
  const chunk = (index: number, delta: object, tokens?: readonly ScoredToken[], finish: string | null = null) => ({
    index,
    delta,
    logprobs: tokens === undefined ? null : write(tokens),
    finish_reason: finish,
  });
  return {
    requests,
    choices,
    stream: stream ?? false,
    includeUsage: request.stream_options?.include_usage ?? false,
    head: { ...common, object: "chat.completion.chunk" },
    whole: (texts, usage) => ({
      ...common,
      object: "chat.completion",
      choices: texts.map(({ text, tokens, end }, index) => ({
        index,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: write(tokens),
        ...writeGates(gates, model, withRest(tokens, end.text), true),
        ...writeSkipped(end, model),
        finish_reason: finishReason(end.finish),
      })),
      usage,
    }),
    begin: (index) => [
      { ...chunk(index, { role: "assistant", content: "" }), ...writeGates(gates, model, [], true) },
    ],
    token: (index, token) =>
      token.text === "" && !logprobs && !gates
        ? []
        : [{ ...chunk(index, { content: token.text }, [token]), ...writeGates(gates, model, [token]) }],
    end: (index, end) => [
      ...(end.text === "" ? [] : [chunk(index, { content: end.text })]),
      { ...chunk(index, {}, undefined, finishReason(end.finish)), ...writeSkipped(end, model) },
    ],
  };
}

/** @throws ApiError if both names of the limit are given, and differ */
function tokenLimit({ max_tokens, max_completion_tokens }: ChatRequest): number | undefined {
  if (max_tokens != null && max_completion_tokens != null && max_tokens !== max_completion_tokens) {
    throw invalidParameter("max_tokens", "'max_tokens' and 'max_completion_tokens' differ: give one of them");
  }
  return max_completion_tokens ?? max_tokens ?? undefined;
}

/** The ids of the conversation. @throws ApiError if the model has no chat template, UserError if it refuses */
function renderPrompt(
  { messages, model }: ChatRequest,
  { chatTemplate, tokenizer, contextLength }: ServedModel,
): readonly number[] {
  if (chatTemplate === undefined) {
    throw new ApiError(
      400,
      "chat_template_missing",
      `The model '${model}' has no chat template: it continues texts, with POST /v1/completions`,
      { param: "model" },
    );
  }
  // Before the template goes over them, which takes longer than to count.
  if (messages.length > contextLength) {
    throw invalidParameter(
      "messages",
      `The model's context has ${contextLength} tokens, but the conversation has ${messages.length} messages`,
      "context_length_exceeded",
    );
  }
  const given = messages.map(({ role, content, name }): ChatMessage => ({
    role: role === "developer" ? "system" : role,
    content: typeof content === "string" ? content : content.map(({ text }) => text).join(""),
    ...(name == null ? {} : { name }),
  }));
  const text = renderChat(chatTemplate, given, { addGenerationPrompt: true });
  const ids = encodePrompt(text, tokenizer, contextLength, "messages");
  if (ids.length === 0) throw invalidParameter("messages", "The conversation has no text");
  return ids;
}

function writeLogprobs(model: ServedModel, tokens: readonly ScoredToken[]): z.infer<typeof logprobsSchema> {
  const write = (id: number, logprob: number) => ({
    token: tokenName(model.tokenizer, id),
    logprob: finite(logprob),
    bytes: byteList(model.tokenizer, id),
  });
  // The tokens of the message: the one that ends it is not part of it.
  const shown = tokens.filter(({ id }) => !model.ends.includes(id));
  return {
    content: shown.map(({ id, logprob, top }) => ({
      ...write(id, logprob!),
      top_logprobs: top.map((one) => write(one.id, one.logprob)),
    })),
    refusal: null,
  };
}
