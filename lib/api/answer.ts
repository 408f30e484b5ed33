// Answering a request for texts: as one JSON object, or as server-sent events while tokens come.
import { createRoute, type OpenAPIHono, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { streamSSE } from "hono/streaming";
import { explainError } from "../errors.ts";
import type { GeneratedToken, Generation, GenerationRequest } from "../infer/mod.ts";
import { type ApiContext, clientSignal, openModel } from "./context.ts";
import { ApiError, asApiError } from "./errors.ts";
import type { ServedModel } from "./registry.ts";
import { jsonBody, jsonOrEvents, refused, refuseInvalid } from "./route-parts.ts";
import { type CompleteText, completeTexts, streamTexts } from "./texts.ts";
import { type Usage, usageOf } from "./usage.ts";

/** What a request asks for, and how its answer is written. */
export interface Texts {
  /** All texts; the choices of a prompt follow each other. */
  readonly requests: readonly GenerationRequest[];
  /** Number of choices for each prompt. */
  readonly choices: number;
  readonly stream: boolean;
  /** Whether a stream ends with the numbers of tokens. */
  readonly includeUsage: boolean;
  /** The answer. */
  whole(texts: readonly CompleteText[], usage: Usage): object;
  /** What every event of a stream begins with: `id`, `object`, `created`, `model`. */
  readonly head: object;
  /** The choices of a stream's events: where a text begins, after a token, and at the end. */
  begin(index: number): readonly object[];
  token(index: number, token: GeneratedToken): readonly object[];
  end(index: number, generation: Generation): readonly object[];
}

/** A route that answers with texts. */
export interface TextRoute<Request extends z.ZodObject> {
  readonly path: string;
  readonly summary: string;
  readonly request: Request;
  /** The body of an answer that is not streamed. */
  readonly answer: z.ZodType;
  readonly answerTitle: string;
  /** What a request asks for. @throws ApiError, UserError for what does not fit the model */
  textsOf(request: z.infer<Request>, model: ServedModel): Texts;
}

/** Adds a route that answers with texts. */
export function addTexts<Request extends z.ZodObject<{ readonly model: z.ZodString }>>(
  app: OpenAPIHono,
  context: ApiContext,
  { path, summary, request, answer, answerTitle, textsOf }: TextRoute<Request>,
): void {
  const body: z.ZodObject = request; // the types of routes are not for type parameters
  const route = createRoute({
    method: "post",
    path,
    summary,
    request: jsonBody(body),
    responses: { 200: jsonOrEvents(answerTitle, answer), default: refused },
  });
  app.openapi(route, async (c) => {
    const asked = c.req.valid("json") as z.infer<Request>;
    return await answerTexts(c, context, asked.model, (model) => textsOf(asked, model)) as never;
  }, refuseInvalid(request));
}

/**
 * Answers a request for texts. The model and the places are free once the answer is complete or the client has left.
 *
 * @param name the model's name
 * @throws ApiError, UserError before anything is sent
 */
async function answerTexts(
  c: Context,
  context: ApiContext,
  name: string,
  textsOf: (model: ServedModel) => Texts,
): Promise<Response> {
  using scope = new DisposableStack();
  const { model } = scope.use(await openModel(context, name));
  const texts = textsOf(model);
  scope.use(context.admission.enter(texts.requests.length));
  const { engine } = model;
  const start = performance.now();
  let isFirst = true;
  const onToken = () => {
    if (isFirst) context.metrics.firstToken(name, (performance.now() - start) / 1000);
    isFirst = false;
  };
  if (!texts.stream) {
    const complete = await completeTexts(engine, texts.requests, clientSignal(c), onToken);
    const ends = complete.map(({ end }) => end);
    for (const end of ends) context.metrics.generated(name, end);
    return c.json(texts.whole(complete, usageOf(ends, texts.choices)));
  }
  const left = new AbortController();
  const events = streamTexts(engine, texts.requests, AbortSignal.any([clientSignal(c), left.signal]));
  // What is wrong with a request shows before the first token, and has a status of its own.
  const first = await events.next();
  const rest = scope.move();
  return streamSSE(c, async (stream) => {
    using _ = rest;
    stream.onAbort(() => left.abort());
    const send = (body: object) => stream.writeSSE({ data: JSON.stringify(body) });
    const sendChoices = async (choices: readonly object[]) => {
      for (const choice of choices) {
        await send({ ...texts.head, choices: [choice], ...(texts.includeUsage ? { usage: null } : {}) });
      }
    };
    const ends: Generation[] = [];
    try {
      for (let index = 0; index < texts.requests.length; index++) await sendChoices(texts.begin(index));
      for (let step = first; !step.done; step = await events.next()) {
        const event = step.value;
        if ("token" in event) {
          onToken();
          await sendChoices(texts.token(event.index, event.token));
        } else {
          ends[event.index] = event.end;
          context.metrics.generated(name, event.end);
          await sendChoices(texts.end(event.index, event.end));
        }
      }
      if (texts.includeUsage) await send({ ...texts.head, choices: [], usage: usageOf(ends, texts.choices) });
      await stream.writeSSE({ data: "[DONE]" });
    } catch (error) {
      if (left.signal.aborted || clientSignal(c).aborted) return;
      await send((asApiError(error) ?? failure(error)).body);
    } finally {
      await events.return();
    }
  });
}

/** The answer to a bug, whose stack the terminal shows. */
export function failure(error: unknown): ApiError {
  console.error(explainError(error));
  return new ApiError(500, "internal_error", "The server could not answer; its terminal shows why");
}
