// Requests to an OpenAI-compatible endpoint, repeated for as long as that may help.
import { setTimeout as delay } from "node:timers/promises";
// @ts-types="./openai.d.ts"
import OpenAI from "openai";
import type { z } from "zod";
import { UserError } from "../errors.ts";
import { brief, failureOf } from "./endpoint-failure.ts";
import { fetchWhole, UnusableReply } from "./endpoint-fetch.ts";

/** Where models are asked, and how patiently. */
export interface EndpointOptions {
  /** As OpenAI's clients take it, with `/v1`. */
  readonly url: string;
  /** @default none */
  readonly apiKey?: string | undefined;
  /** Most seconds that a reply may take. */
  readonly seconds: number;
  /** How often a request is repeated that got no reply, an error that may pass, or a reply that cannot be read. */
  readonly retries: number;
  /** Most tokens of a prompt and its reply. */
  readonly contextLength: number;
  /** Called before a request is repeated, with a sentence on why. */
  readonly onRepeat?: (why: string) => void;
  /** Milliseconds before a request is repeated, unless the endpoint says how long; doubled each time. @default 500 */
  readonly pauseMs?: number;
}

/** Longest pause before a request is repeated. */
const MOST_PAUSE_MS = 30_000;

/** Asks an endpoint, with as much patience as its options say. */
export interface EndpointRequests {
  /**
   * The reply to a request, read as the schema says.
   *
   * @throws UserError `refine.endpoint` when there is none to be had; the signal's reason when it is aborted
   */
  send<Schema extends z.ZodType>(
    make: (client: OpenAI, how: { readonly signal?: AbortSignal }) => Promise<unknown>,
    schema: Schema,
    signal?: AbortSignal,
  ): Promise<z.output<Schema>>;
}

/** @throws UserError `refine.key` for a key that no request can hold */
export function endpointRequests(options: EndpointOptions): EndpointRequests {
  const { url, apiKey, seconds, retries, onRepeat, pauseMs = 500 } = options;
  const key = apiKey?.trim() || "none";
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new UserError(
      "refine.key",
      "The variable OPENAI_API_KEY has blanks or characters that are not ASCII, which no key has",
      "set it to the key alone",
    );
  }
  const client = new OpenAI({ baseURL: url, apiKey: key, maxRetries: 0, timeout: 1000 * seconds, fetch: fetchWhole });
  return {
    async send(make, schema, signal) {
      for (let tries = 1;; tries++) {
        try {
          return read(await make(client, signal === undefined ? {} : { signal }), schema);
        } catch (error) {
          signal?.throwIfAborted();
          const failure = failureOf(error, seconds);
          if (failure === undefined) throw error;
          const { what, why, hint, again, waitMs = Math.min(MOST_PAUSE_MS, pauseMs * 2 ** (tries - 1)) } = failure;
          const say = (tried: string) => `The endpoint ${url} ${what}${tried}${why === undefined ? "" : `: ${why}`}`;
          if (!again || tries > retries) {
            const tried = !again ? "" : `, tried ${tries === 1 ? "once" : `${tries} times`}`;
            throw new UserError("refine.endpoint", say(tried), hint);
          }
          onRepeat?.(say(", and is asked again"));
          await delay(waitMs, undefined, signal === undefined ? {} : { signal }).catch((error) => {
            signal?.throwIfAborted();
            throw error;
          });
        }
      }
    },
  };
}

/** @throws UnusableReply */
function read<Schema extends z.ZodType>(reply: unknown, schema: Schema): z.output<Schema> {
  if (reply === undefined || reply === null) throw new UnusableReply("nothing");
  if (typeof reply === "string") throw new UnusableReply(`not JSON, but "${brief(reply)}"`);
  const parsed = schema.safeParse(reply);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new UnusableReply(`${path.join(".")}: ${message}`);
}
