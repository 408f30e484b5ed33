// An OpenAI-compatible endpoint whose replies, and faults, a test decides. A word is a token.

/** What a request asks. */
export interface Asked {
  readonly path: string;
  readonly model: string;
  readonly text: string;
  readonly maxTokens: number;
  readonly seed: number;
  readonly key: string;
}

/** A running endpoint. */
export interface StubEndpoint extends AsyncDisposable {
  readonly url: string;
  /** All requests for texts, in order. */
  readonly asked: readonly Asked[];
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");
/** The client repeats at once. */
const AT_ONCE = { "retry-after-ms": "1" };

/** @param reply the text, or a whole response for what goes wrong */
export function stubEndpoint(
  reply: (asked: Asked) => string | Response | Promise<string | Response>,
  models: readonly string[] = ["stub"],
): StubEndpoint {
  const asked: Asked[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const path = new URL(request.url).pathname;
    if (path === "/v1/models") return Response.json({ data: models.map((id) => ({ id, object: "model" })) });
    const body = await request.json();
    const text: string = body.prompt ?? body.messages[0].content;
    const key = request.headers.get("authorization") ?? "";
    const one = { path, model: body.model, text, maxTokens: body.max_tokens, seed: body.seed, key };
    asked.push(one);
    const made = await reply(one);
    if (made instanceof Response) return made;
    const all = words(made);
    const content = all.slice(0, one.maxTokens).join(" ");
    const usage = { prompt_tokens: words(text).length, completion_tokens: Math.min(all.length, one.maxTokens) };
    const finish_reason = all.length > one.maxTokens ? "length" : "stop";
    const choice = body.prompt === undefined ? { message: { role: "assistant", content } } : { text: content };
    return Response.json({ choices: [{ index: 0, ...choice, finish_reason }], usage });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/v1`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** An error of the server, after which the client need not wait. */
export function failure(status: number, message = "overloaded"): Response {
  return Response.json({ error: { message, type: "server_error" } }, { status, headers: AT_ONCE });
}
