// The API that OpenAI's clients speak, over the models of a registry.
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { methodNotAllowed } from "hono/method-not-allowed";
import { routePath } from "hono/route";
import { attempt } from "../errors.ts";
import { commonHeaders, dataByDefault } from "../http/mod.ts";
import { admission } from "./admission.ts";
import { addTexts, failure } from "./answer.ts";
import { chatRoute } from "./chat.ts";
import { completionsRoute } from "./completions.ts";
import { clientSignal } from "./context.ts";
import { ApiError, asApiError } from "./errors.ts";
import { type Access, guard } from "./guard.ts";
import { requestError } from "./issues.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { addModels } from "./models.ts";
import type { ModelRegistry } from "./registry.ts";
import { addTokenize } from "./tokenize.ts";

export interface ApiOptions extends Access {
  readonly models: ModelRegistry;
  /** Texts in progress or waiting at a time; further requests get 429. @default 512 */
  readonly places?: number | undefined;
}

/** The largest body: a batch of prompts as token ids. */
export const MOST_BYTES = 16 * 2 ** 20;
/** Answered without the key: whether the server is up is no secret. */
const OPEN_PATHS = ["/health"];
/** The status of an answer that nobody waits for, as nginx logs it. */
const CLIENT_LEFT = 499;

/** The app whose `fetch` answers every request. It loads models when they are asked for. */
export function createApi({ models, places = 512, ...access }: ApiOptions): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw requestError(result.error, undefined);
    },
  });
  const metrics = createMetrics(models);
  const context = { models, admission: admission(places), metrics };

  app.use(timed(metrics), commonHeaders, dataByDefault, guard(access, OPEN_PATHS));
  app.use(methodNotAllowed({
    app,
    onMethodNotAllowed(_, methods) {
      const message = `This URL takes only ${methods.join(" and ")}`;
      throw new ApiError(405, "method_not_allowed", message, { headers: { allow: methods.join(", ") } });
    },
  }));
  app.use(onlyJson, limited, onlyUtf8);

  addModels(app, context);
  addTexts(app, context, completionsRoute);
  addTexts(app, context, chatRoute);
  addTokenize(app, context);
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/metrics", async (c) => c.body(await metrics.text(), 200, { "content-type": metrics.contentType }));
  app.doc31("/v1/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "Stitchbook models",
      version: "1",
      description: "Text of the models that `deno task serve --models` serves, as OpenAI's clients ask for it.",
      license: { name: "Apache-2.0" },
    },
  });

  app.notFound((c) => new ApiError(404, "unknown_url", `There is no ${c.req.method} ${c.req.path}`).response());
  app.onError(explain);
  return app;
}

const onlyJson: MiddlewareHandler = async (c, next) => {
  if (c.req.method !== "POST") return await next();
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new ApiError(415, "unsupported_media_type", "The body must be JSON: send Content-Type: application/json");
  }
  const encoding = c.req.header("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new ApiError(415, "unsupported_media_type", "The body is compressed: send it without Content-Encoding");
  }
  await next();
};

/** JSON is UTF-8; other bytes would be read as U+FFFD in silence. */
const onlyUtf8: MiddlewareHandler = async (c, next) => {
  if (c.req.method === "POST") {
    const bytes = await c.req.arrayBuffer();
    if (attempt(() => UTF_8.decode(bytes)) === undefined) {
      throw new ApiError(400, "invalid_json", "The body is not UTF-8, which JSON is written in");
    }
  }
  await next();
};

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

/** Refuses large bodies. */
export const limited = bodyLimit({
  maxSize: MOST_BYTES,
  onError: () => {
    throw new ApiError(413, "request_too_large", `The body may have at most ${MOST_BYTES / 2 ** 20} MiB`);
  },
});

/** Counts answers, streams when they end. */
function timed(metrics: Metrics): MiddlewareHandler {
  return async (c, next) => {
    const start = performance.now();
    await next();
    const done = () => metrics.answered(routePath(c, -1), c.res.status, (performance.now() - start) / 1000);
    if (!c.res.headers.get("content-type")?.startsWith("text/event-stream")) return done();
    const ended = new TransformStream({ flush: done, cancel: done });
    c.res = new Response(c.res.body!.pipeThrough(ended), c.res);
  };
}

/** The answer to an error. */
export function explain(error: Error, c: Context): Response {
  if (clientSignal(c).aborted) return new Response(null, { status: CLIENT_LEFT });
  if (error instanceof HTTPException && error.status === 400) {
    return new ApiError(400, "invalid_json", "The body is not JSON").response();
  }
  return (asApiError(error) ?? failure(error)).response();
}
