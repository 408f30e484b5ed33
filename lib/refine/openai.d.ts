// The part of the openai client that is used here and in tests. Its own types pull in those of Node, which differ from
// Deno's.

interface Choice {
  readonly text: string;
  readonly logprobs: { readonly tokens: readonly string[] } | null;
}

interface Message {
  readonly message: { readonly content: string | null };
  readonly finish_reason: string;
}

interface ChatCompletion {
  readonly choices: readonly Message[];
  readonly usage?: { readonly total_tokens: number };
}

type Streamed<Body> = Body extends { readonly stream: true } ? AsyncIterable<{ readonly choices: readonly Choice[] }>
  : { readonly choices: readonly Choice[] };

export default class OpenAI {
  constructor(
    options: {
      readonly baseURL: string;
      readonly apiKey: string;
      readonly maxRetries?: number;
      /** Milliseconds. */
      readonly timeout?: number;
      readonly fetch?: typeof fetch;
    },
  );
  get(path: string, options?: RequestOptions): Promise<unknown>;
  readonly models: {
    list(): Promise<unknown> & AsyncIterable<{ readonly id: string }>;
    retrieve(id: string): Promise<{ readonly id: string }>;
  };
  readonly completions: { create<Body extends object>(body: Body, options?: RequestOptions): Promise<Streamed<Body>> };
  readonly chat: {
    readonly completions: {
      create<Body extends object>(
        body: Body,
        options?: RequestOptions,
      ): Promise<Body extends { readonly stream: true } ? AsyncIterable<object> : ChatCompletion>;
      stream(body: object): { finalChatCompletion(): Promise<ChatCompletion> };
    };
  };
}

interface RequestOptions {
  readonly signal?: AbortSignal;
}

export class APIError extends Error {
  /** Undefined where there was no reply. */
  readonly status: number | undefined;
  readonly code: string | null | undefined;
  readonly headers: Headers | undefined;
  readonly param: string | null;
  readonly type: string;
}
export class AuthenticationError extends APIError {}
export class BadRequestError extends APIError {}
export class NotFoundError extends APIError {}
export class APIConnectionError extends APIError {}
export class APIConnectionTimeoutError extends APIConnectionError {}
export class APIUserAbortError extends APIError {}
