// A model behind an OpenAI-compatible endpoint as a writer.
// @ts-types="./openai.d.ts"
import { APIError } from "openai";
import { z } from "zod";
import { didYouMean, UserError } from "../errors.ts";
import { ADDRESS } from "./endpoint-failure.ts";
import { type EndpointOptions, endpointRequests } from "./endpoint-request.ts";
import type { Prompt } from "./prompts.ts";
import type { Reply, Writer } from "./writer.ts";

const usageSchema = z.object({ prompt_tokens: z.int().nonnegative(), completion_tokens: z.int().nonnegative() });
const finishSchema = z.string().nullish();
const chatSchema = z.object({
  choices: z.array(
    z.object({ message: z.object({ content: z.string().nullish() }), finish_reason: finishSchema })
      // A model that thinks may reach the limit before it begins to answer.
      .refine(({ message, finish_reason }) => typeof message.content === "string" || finish_reason === "length", {
        path: ["message", "content"],
        error: "there is no text, although the reply did not end at the limit of tokens",
      }),
  ).min(1),
  usage: usageSchema,
});
const textSchema = z.object({
  choices: z.array(z.object({ text: z.string(), finish_reason: finishSchema })).min(1),
  usage: usageSchema,
});
const modelsSchema = z.object({
  data: z.array(z.object({ id: z.string(), max_model_len: z.int().positive().nullish().catch(undefined) })).optional(),
});
/** Stands for the list of an endpoint that has none. */
const NOT_LISTED = { data: undefined };

/**
 * ASCII bytes of a token, at least, by which prompts are measured before the endpoint counts them. Digits are often tokens of
 * their own; so this is less than the four of plain English.
 */
const BYTES_PER_TOKEN = 2;
/** One part in so many of the context is left free, because prompts may be longer than they were taken to be. */
const SPARE_SHARE = 16;
/** Tokens of a chat template around a message. */
const AROUND_MESSAGE = 24;

/** Tokens of a byte, at most: what is not ASCII may take a token for each. */
const tokensOf = (byte: number) => byte < 0x80 ? 1 / BYTES_PER_TOKEN : 1;
const estimate = (text: string) =>
  Math.ceil(new TextEncoder().encode(text).reduce((sum, byte) => sum + tokensOf(byte), 0));

/** A model at an endpoint. */
export interface EndpointModel {
  readonly name: string;
  /** Most tokens of a prompt and its reply; undefined if the endpoint does not say. */
  readonly contextLength: number | undefined;
}

/**
 * The models at the endpoint; undefined if it does not list them.
 *
 * @throws UserError `refine.endpoint`, `refine.key`
 */
export async function endpointModels(options: EndpointOptions): Promise<readonly EndpointModel[] | undefined> {
  const listed = await endpointRequests(options).send(
    (client, how) =>
      client.get("/models", how).catch((error) => {
        if (error instanceof APIError && (error.status === 404 || error.status === 405)) return NOT_LISTED;
        throw error;
      }),
    modelsSchema,
  );
  return listed.data?.map(({ id, max_model_len }) => ({ name: id, contextLength: max_model_len ?? undefined }));
}

/**
 * A model at the endpoint: the given one, or the only one that there is.
 *
 * @param models as {@linkcode endpointModels} gives them
 * @throws UserError `refine.endpoint-model`
 */
export function endpointModel(
  wanted: string,
  models: readonly EndpointModel[] | undefined,
  url: string,
): EndpointModel {
  if (models === undefined && wanted !== "") return { name: wanted, contextLength: undefined };
  const found = wanted !== ""
    ? models?.find(({ name }) => name === wanted)
    : models?.length === 1
    ? models[0]
    : undefined;
  if (found !== undefined) return found;
  const names = models?.map(({ name }) => name);
  const known = names === undefined ? "it does not list its models" : `it has ${names.join(", ") || "none"}`;
  throw new UserError(
    "refine.endpoint-model",
    wanted === "" ? `Which model at ${url}? ${known}` : `There is no model "${wanted}" at ${url}: ${known}`,
    wanted !== ""
      ? didYouMean(wanted, names ?? [])
      : `name one with --model${names === undefined ? `; ${ADDRESS}` : ""}`,
  );
}

/** A writer at the endpoint. Its prompts are measured by their bytes until the endpoint has counted them. */
export function endpointWriter(model: string, options: EndpointOptions): Writer {
  const requests = endpointRequests(options);
  return {
    name: model,
    identity: `${options.url} ${model}`,
    contextLength: options.contextLength - Math.ceil(options.contextLength / SPARE_SHARE),
    promptTokens: ({ kind, text }: Prompt) => estimate(text) + (kind === "message" ? AROUND_MESSAGE : 1),
    textTokens: estimate,
    tail(text, tokens) {
      const bytes = new TextEncoder().encode(text);
      let from = bytes.length;
      for (let sum = 0; from > 0 && sum + tokensOf(bytes[from - 1]!) <= tokens; from--) {
        sum += tokensOf(bytes[from - 1]!);
      }
      // It may begin within a character.
      while (from < bytes.length && (bytes[from]! & 0xc0) === 0x80) from++;
      return new TextDecoder().decode(bytes.subarray(from));
    },
    async write({ prompt: { kind, text }, maxTokens, temperature, topP, stop, seed }, signal) {
      const settings = {
        model,
        max_tokens: maxTokens,
        temperature,
        top_p: topP,
        seed: seed >>> 1, // some servers read 32 bits with a sign
        ...(stop.length === 0 ? {} : { stop: [...stop] }),
      };
      if (kind === "message") {
        const messages = [{ role: "user" as const, content: text }];
        const { choices: [first], usage } = await requests.send(
          (client, how) => client.chat.completions.create({ ...settings, messages }, how),
          chatSchema,
          signal,
        );
        return replyOf(first!.message.content ?? "", first!.finish_reason, usage);
      }
      const { choices: [first], usage } = await requests.send(
        (client, how) => client.completions.create({ ...settings, prompt: text }, how),
        textSchema,
        signal,
      );
      return replyOf(first!.text, first!.finish_reason, usage);
    },
  };
}

function replyOf(text: string, finish: string | null | undefined, usage: z.infer<typeof usageSchema>): Reply {
  const { prompt_tokens: input, completion_tokens: output } = usage;
  return { text, input, output, finish: finish === "length" ? "length" : "stop" };
}
