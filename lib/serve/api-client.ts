// A client of the API whose paths, parameters and answers have the types of the routes themselves: hono's, which at run
// time only puts addresses together.
import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import type { Hono, Schema } from "hono";
import { type ClientResponse, hc } from "hono/client";
import type { BlankEnv } from "hono/types";
import type { z } from "zod";
import type { TABLES } from "./routes/tables.ts";
import type { errorSchema } from "./schemas.ts";

declare const app: OpenAPIHono;

type Member<Table> = Table extends unknown ? Table[keyof Table] : never;
/** One of the routes. */
type Route = Member<(typeof TABLES)[number]>;
/** What hono knows of an app with this route alone. */
type SchemaOf<Of> = Of extends RouteConfig
  ? ReturnType<typeof app.openapi<Of>> extends OpenAPIHono<infer _Env, infer Known, infer _Path> ? Known : never
  : never;
type All<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer Every) => void ? Every
  : never;
/** An app with all routes. */
type Api = All<SchemaOf<Route>> extends infer Every extends Schema ? Hono<BlankEnv, Every, "/"> : never;

/** How a client asks. */
export interface ApiClientOptions {
  /** The server's token, for changes and for private servers. */
  readonly token?: string | undefined;
  /** What sends requests. @default the global `fetch` */
  readonly fetch?: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
}

/**
 * A client of the server at an origin such as `http://127.0.0.1:8420`:
 * `apiClient(origin).api.runs[":id"].$get({ param: { id } })`.
 */
export function apiClient(
  origin: string,
  { token, fetch = globalThis.fetch }: ApiClientOptions = {},
): ReturnType<typeof hc<Api>> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return hc<Api>(origin, { headers, fetch });
}

type Failure = z.infer<typeof errorSchema>;
type BodyOf<Answer> = Answer extends ClientResponse<infer Body, number, string> ? Body : never;

/**
 * What a server answered when all was well.
 *
 * @throws Error in the server's own words, with its code as the cause
 */
export async function answerOf<Answer extends ClientResponse<unknown, number, string>>(
  asked: Promise<Answer>,
): Promise<Exclude<BodyOf<Answer>, Failure>> {
  const response = await asked;
  const body: unknown = await response.json();
  if (response.ok) return body as Exclude<BodyOf<Answer>, Failure>;
  const { message, code } = (body as Failure).error;
  throw new Error(message, { cause: code });
}
