// A model behind an OpenAI-compatible endpoint as a writer.
import { setTimeout as delay } from "node:timers/promises";
// @ts-types="./openai.d.ts"
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from "openai";
import { z } from "zod";
import { didYouMean, UserError } from "../errors.ts";
import type { Prompt } from "./prompts.ts";
import type { Reply, Writer, WriteRequest } from "./writer.ts";

/** Where models are asked, and how patiently. */
export interface EndpointOptions {
  /** As OpenAI's clients take it, with `/v1`. */
  readonly url: string;
  /** @default none */
  readonly apiKey?: string | undefined;
  /** Most seconds that a reply may take. */
  readonly seconds: number;
  /** How often a request is repeated that got no reply, an error of the server, or one that cannot be read. */
  readonly retries: number;
  /** Most tokens of a prompt and its reply. */
  readonly contextLength: number;
  /** Milliseconds before a reply that cannot be read is asked for again; doubled each time. @default 500 */
  readonly pauseMs?: number;
}

const usageSchema = z.object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() });
const finishSchema = z.string().nullish();
const chatSchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullish() }), finish_reason: finishSchema })).min(
    1,
  ),
  usage: usageSchema,
});
const textSchema = z.object({
  choices: z.array(z.object({ text: z.string(), finish_reason: finishSchema })).min(1),
  usage: usageSchema,
});

/**
 * Bytes of a token, at least, by which prompts are measured before the endpoint counts them. Digits are often tokens of
 * their own; so this is less than the four of plain English.
 */
const BYTES_PER_TOKEN = 2;
/** Tokens of a chat template around a message. */
const AROUND_MESSAGE = 24;

const bytesOf = (text: string) => new TextEncoder().encode(text).length;
const estimate = (text: string) => Math.ceil(bytesOf(text) / BYTES_PER_TOKEN);

/** The models at the endpoint; undefined if it does not list them. @throws UserError `refine.endpoint` if it cannot be reached */
export async function endpointModels(options: EndpointOptions): Promise<readonly string[] | undefined> {
  try {
    const names: string[] = [];
    for await (const { id } of clientOf(options).models.list()) names.push(String(id));
    return names;
  } catch (error) {
    if (error instanceof APIError && (error.status === 404 || error.status === 405)) return undefined;
    throw explained(error, options);
  }
}

/**
 * The name of a model at the endpoint: the given one, or the only one that there is.
 *
 * @throws UserError `refine.endpoint`, `refine.endpoint-model`
 */
export async function endpointModel(wanted: string, options: EndpointOptions): Promise<string> {
  const names = await endpointModels(options);
  if (names === undefined && wanted !== "") return wanted;
  if (names !== undefined && (wanted === "" ? names.length === 1 : names.includes(wanted))) return wanted || names[0]!;
  const known = names === undefined ? "it does not list its models" : `it has ${names.join(", ") || "none"}`;
  throw new UserError(
    "refine.endpoint-model",
    wanted === ""
      ? `Which model at ${options.url}? ${known}`
      : `There is no model "${wanted}" at ${options.url}: ${known}`,
    wanted === "" ? "name one with --model" : didYouMean(wanted, names ?? []),
  );
}

/** A writer at the endpoint. Its prompts are measured by their bytes until the endpoint has counted them. */
export function endpointWriter(model: string, options: EndpointOptions): Writer {
  const client = clientOf(options);
  return {
    name: model,
    identity: `${options.url} ${model}`,
    contextLength: options.contextLength,
    promptTokens: ({ kind, text }: Prompt) => estimate(text) + (kind === "message" ? AROUND_MESSAGE : 1),
    textTokens: estimate,
    tail(text, tokens) {
      const bytes = new TextEncoder().encode(text);
      return new TextDecoder().decode(bytes.subarray(Math.max(0, bytes.length - BYTES_PER_TOKEN * tokens)))
        .replace(/^\uFFFD+/, "");
    },
    write: (request, signal) => patiently(options, signal, () => ask(client, model, request, signal)),
  };
}

function clientOf({ url, apiKey = "none", seconds, retries }: EndpointOptions): OpenAI {
  return new OpenAI({ baseURL: url, apiKey, maxRetries: retries, timeout: 1000 * seconds });
}

async function ask(client: OpenAI, model: string, request: WriteRequest, signal?: AbortSignal): Promise<Reply> {
  const { prompt: { kind, text }, maxTokens, temperature, topP, stop, seed } = request;
  const settings = {
    model,
    max_tokens: maxTokens,
    temperature,
    top_p: topP,
    seed: seed >>> 1, // some servers read 32 bits with a sign
    ...(stop.length === 0 ? {} : { stop: [...stop] }),
  };
  const how = signal === undefined ? {} : { signal };
  if (kind === "message") {
    const messages = [{ role: "user" as const, content: text }];
    const { choices: [first], usage } = chatSchema.parse(
      await client.chat.completions.create({ ...settings, messages }, how),
    );
    return replyOf(first!.message.content ?? "", first!.finish_reason, usage);
  }
  const { choices: [first], usage } = textSchema.parse(
    await client.completions.create({ ...settings, prompt: text }, how),
  );
  return replyOf(first!.text, first!.finish_reason, usage);
}

function replyOf(text: string, finish: string | null | undefined, usage: z.infer<typeof usageSchema>): Reply {
  const { prompt_tokens: input, completion_tokens: output } = usage;
  return { text, input, output, finish: finish === "length" ? "length" : "stop" };
}

/** Repeats what got a reply that cannot be read; the client itself repeats what got none, or an error of the server. */
async function patiently(
  options: EndpointOptions,
  signal: AbortSignal | undefined,
  body: () => Promise<Reply>,
): Promise<Reply> {
  const { retries, pauseMs = 500 } = options;
  for (let repeats = 0;; repeats++) {
    try {
      return await body();
    } catch (error) {
      signal?.throwIfAborted();
      const isUnreadable = error instanceof z.ZodError || error instanceof SyntaxError;
      if (!isUnreadable || repeats >= retries) throw explained(error, options);
      await delay(Math.min(30_000, pauseMs * 2 ** repeats), undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** Hints for requests that would fail again. */
const ADDRESS = "check the address: that of most servers ends in /v1";
const SETTINGS = "change the settings: model.format is how problems are put (chat, completion, line), and " +
  "endpoint.contextLength how many tokens the model reads; what was answered is kept";

function explained(error: unknown, { url, seconds, retries }: EndpointOptions): unknown {
  if (error instanceof APIUserAbortError) return error;
  const tries = retries === 0 ? "once" : `${retries + 1} times`;
  const resumes = "what was answered is kept: when the endpoint works, give the same command again";
  const say = (what: string, hint = resumes) => new UserError("refine.endpoint", `The endpoint ${url} ${what}`, hint);
  if (error instanceof APIConnectionTimeoutError) {
    return say(
      `did not answer within ${seconds} s, tried ${tries}`,
      `${resumes}; endpoint.seconds is how long to wait`,
    );
  }
  if (error instanceof APIConnectionError) {
    return say(`cannot be reached, tried ${tries}: ${innermost(error)}`);
  }
  if (error instanceof APIError) {
    if (error.status === 401 || error.status === 403) {
      return say(`refuses the key (status ${error.status})`, "set the variable OPENAI_API_KEY");
    }
    if (error.status >= 500) return say(`answers with an error: ${error.message}, tried ${tries}`);
    return say(`answers with an error: ${error.message}`, error.status === 404 ? ADDRESS : SETTINGS);
  }
  if (error instanceof z.ZodError) {
    const { path, message } = error.issues[0]!;
    return say(`gives answers that cannot be read, tried ${tries}: ${path.join(".")}: ${message}`);
  }
  if (error instanceof SyntaxError) {
    return say(`gives answers that cannot be read, tried ${tries}: ${error.message}`);
  }
  return error;
}

/** The reason behind `Connection error.` */
function innermost(error: Error): string {
  return error.cause instanceof Error ? innermost(error.cause) : error.message;
}
