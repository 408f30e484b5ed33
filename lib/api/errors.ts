// Errors as OpenAI's clients read them: a status, and an object with message, type, parameter and code.
import { z } from "@hono/zod-openapi";
import { UserError } from "../errors.ts";
import { errorType } from "../http/mod.ts";

/** The body of every answer that is not a success. */
export const errorSchema = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    /** `invalid_request_error` if the request must change, `rate_limit_error`, or `server_error`. */
    type: z.string(),
    /** The parameter that is wrong, such as `messages[0].content`. */
    param: z.string().nullable(),
    /** Stable name of the mistake, such as `context_length_exceeded`. */
    code: z.string().nullable(),
  }),
}).openapi("Error");

export type ErrorBody = z.infer<typeof errorSchema>;

/** Requests are quoted in messages, and may be megabytes. */
const LONGEST_MESSAGE = 2000, LONGEST_NAME = 200;

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}

/** Statuses of errors. */
export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503;

/** An answer that is not a success. */
export class ApiError extends Error {
  readonly status: ErrorStatus;
  readonly code: string;
  readonly param: string | null;
  /** Further headers of the answer, such as `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param message what was wrong and what was expected; sentence case, no final period */
  constructor(
    status: ErrorStatus,
    code: string,
    message: string,
    { param = null, headers = {} }: {
      readonly param?: string | null;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.name = "ApiError";
    this.message = shortened(message, LONGEST_MESSAGE);
    this.status = status;
    this.code = code;
    this.param = param === null ? null : shortened(param, LONGEST_NAME);
    this.headers = headers;
  }

  /** The body of the answer. */
  get body(): ErrorBody {
    const { message, param, code } = this;
    return { error: { message, type: errorType(this.status), param, code } };
  }

  /** The answer. */
  response(): Response {
    return Response.json(this.body, { status: this.status, headers: this.headers });
  }
}

/** A parameter that cannot be used. */
export function invalidParameter(param: string, message: string, code = "invalid_value"): ApiError {
  return new ApiError(400, code, message, { param });
}

/** The parameters that errors of the engine and of chat templates are about. */
const PARAMETERS: Readonly<Record<string, string>> = {
  "generate.length": "prompt",
  "generate.tokens": "max_tokens",
  "generate.ids": "prompt",
  "generate.stop": "stop",
  "generate.without": "without",
  "generate.skip": "skip",
  "chat.refused": "messages",
  "chat.template": "messages",
  "chat.empty": "messages",
};

/** Errors of the model, not of the request. */
const FAILURES: ReadonlySet<string> = new Set(["generate.not-finite"]);

/** The answer to an error, if it is one that the client can read; undefined for a bug. */
export function asApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (!(error instanceof UserError)) return undefined;
  const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  const code = error.code.replaceAll(/[.-]/g, "_");
  if (FAILURES.has(error.code)) return new ApiError(500, code, message);
  return new ApiError(400, code, message, { param: PARAMETERS[error.code] ?? null });
}
