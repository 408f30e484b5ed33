// The API's face in the server's own process: lets requests in, and passes them to the process of the models.
import { Hono } from "hono";
import { proxy } from "hono/proxy";
import { commonHeaders, dataByDefault } from "../http/mod.ts";
import { explain, limited } from "./app.ts";
import { clientSignal } from "./context.ts";
import { ApiError } from "./errors.ts";
import { type Access, checkOrigin } from "./guard.ts";
import type { InferenceProcess } from "./inference-process.ts";

/** Seconds after which a client may try again when the process has died. */
const RETRY_AFTER_S = 2;
/** Paths of the API outside `/v1`. */
const PATHS: ReadonlySet<string> = new Set(["/health", "/metrics", "/tokenize", "/detokenize", "/tokenizer_info"]);

/** Whether a path is the API's. */
export const isApiPath = (path: string): boolean => path === "/v1" || path.startsWith("/v1/") || PATHS.has(path);

/**
 * The fetch handler of the API's paths. The process of the models checks keys; while there is none, answers are 503.
 */
export function createFront(
  inference: Pick<InferenceProcess, "port">,
  access: Access,
): (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response> {
  const app = new Hono();
  app.use(commonHeaders, dataByDefault, async (c, next) => {
    checkOrigin(c.req.raw, c.env, access);
    await next();
  }, limited);
  app.all("*", async (c) => {
    // What fetch() does not pass on; no route takes it.
    if (/^(?:TRACE|TRACK|CONNECT)$/i.test(c.req.method)) {
      throw new ApiError(405, "method_not_allowed", "This URL takes only GET, HEAD and POST");
    }
    const { port } = inference;
    if (port === undefined) throw starting();
    const { pathname, search } = new URL(c.req.url);
    const headers = new Headers(c.req.raw.headers);
    // It is this server that asks.
    for (const name of [...headers.keys()]) {
      if (/^(?:host|origin|referer|sec-fetch-.*)$/.test(name)) headers.delete(name);
    }
    try {
      const answer = await proxy(`http://127.0.0.1:${port}${pathname}${search}`, { raw: c.req.raw, headers });
      const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream");
      return isStream && answer.body !== null ? new Response(withLastWord(answer.body), answer) : answer;
    } catch (error) {
      if (clientSignal(c).aborted) throw error;
      throw starting();
    }
  });
  app.onError(explain);
  return async (request, info) => await app.fetch(request, info);
}

function starting(): ApiError {
  return new ApiError(503, "models_unavailable", "The process of the models has ended and is being started again", {
    headers: { "retry-after": String(RETRY_AFTER_S) },
  });
}

/** Events, and at the end an error if the process died in the middle: clients would take a cut stream for a whole one. */
function withLastWord(events: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = events.getReader();
  return new ReadableStream({
    async pull(controller) {
      const step = await reader.read().catch(() => undefined);
      if (step === undefined) {
        controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(starting().body)}\n\n`));
        return controller.close();
      }
      if (step.done) return controller.close();
      controller.enqueue(step.value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
