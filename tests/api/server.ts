// The API over tiny models on a port of loopback.
import assert from "node:assert/strict";
import { type ApiOptions, createApi } from "../../lib/api/mod.ts";
import { type TinyModels, tinyModels } from "./tiny-models.ts";

/** A server for one test. */
export interface TestServer extends AsyncDisposable {
  /** `http://127.0.0.1:12345` */
  readonly url: string;
  readonly models: TinyModels;
  /** Sends a JSON body. */
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** @param options.running texts that the engine works on at a time */
export async function serveTiny(
  { running, ...options }: Partial<ApiOptions> & { readonly running?: number } = {},
): Promise<TestServer> {
  const models = await tinyModels({ batch: running });
  const app = createApi({ models, ...options });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, app.fetch);
  const url = `http://127.0.0.1:${server.addr.port}`;
  return {
    url,
    models,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await models[Symbol.asyncDispose]();
    },
  };
}

/** The data of a stream's events. */
export async function events(response: Response): Promise<string[]> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text.split("\n\n").filter((event) => event !== "").map((event) => {
    assert.match(event, /^data: [^\n]*$/);
    return event.slice("data: ".length);
  });
}
