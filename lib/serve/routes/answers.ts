// The forms that responses take: pages, errors with a code, downloads; and the parts that route descriptions share.
import { createRoute, type RouteConfig, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { HtmlEscapedString } from "hono/utils/html";
import { basename } from "node:path/posix";
import { errorType } from "../../http/mod.ts";
import { PAGE_POLICY } from "../headers.ts";
import { ProblemPage } from "../pages/problem.tsx";
import { errorSchema } from "../schemas.ts";
import type { JsonResponse } from "./json-response.ts";

type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 500;

/** A page of our own; its components do not wait. */
export function html(
  c: Context,
  page: HtmlEscapedString | Promise<HtmlEscapedString>,
  status: 200 | ErrorStatus = 200,
): Response {
  c.header("content-security-policy", PAGE_POLICY);
  return c.html(`<!doctype html>\n${page}`, status);
}

/** Whether a browser asks for a page. Scripts of pages and programs take anything, or ask for JSON. */
export const asksForPage = (c: Context): boolean => c.req.header("accept")?.includes("text/html") ?? false;

/**
 * An error: for browsers a page, for programs JSON, with the fields that clients of models look for.
 *
 * @param message what was wrong, and how to fix it: a sentence without its period
 */
export function problem<Status extends ErrorStatus>(c: Context, status: Status, code: string, message: string) {
  c.header("vary", "accept", { append: true });
  const answer = () => c.json({ error: { code, message, type: errorType(status), param: null } }, status);
  // Descriptions of routes tell of data alone.
  return asksForPage(c) ? html(c, ProblemPage({ status, message }), status) as ReturnType<typeof answer> : answer();
}

/** The answer to a program or script that has not shown the server's token. */
export function signInProblem(c: Context, shown: "missing" | "wrong") {
  c.header("www-authenticate", "Bearer");
  const how = "open the link that the server printed, or send Authorization: Bearer with the token in it";
  return problem(c, 401, `access.${shown}`, `This server's token is ${shown}: ${how}`);
}

export function unknownRun(c: Context) {
  return problem(c, 404, "run.unknown", "There is no such run");
}

export function unknownSweep(c: Context) {
  return problem(c, 404, "sweep.unknown", "There is no such sweep");
}

/** A file of a run, unchanged: downloaded, never shown as a document. */
export function attachment(c: Context, name: string, bytes: Uint8Array<ArrayBuffer>): Response {
  c.header("content-disposition", disposition(name));
  return c.body(bytes, 200, { "content-type": "application/octet-stream" });
}

/** A file of any size as {@linkcode attachment}, read as the client takes it. Its name may be a path; the last part counts. */
export async function download(
  c: Context,
  { name, path, bytes }: { readonly name: string; readonly path: string; readonly bytes: number },
): Promise<Response> {
  c.header("content-disposition", disposition(basename(name)));
  const headers = { "content-type": "application/octet-stream", "content-length": String(bytes) };
  return c.req.method === "HEAD" ? c.body(null, 200, headers) : c.body((await Deno.open(path)).readable, 200, headers);
}

const disposition = (name: string) => `attachment; filename="${name.replace(/[^\w.-]/g, "_")}"`;

/** A route's response of JSON. */
export function json<Schema extends z.ZodType>(description: string, schema: Schema): JsonResponse<Schema> {
  return { description, content: { "application/json": { schema } } };
}

/** A route's response of another type, by its schema: `{ type: "string" }`. */
export function body<Type extends string>(description: string, type: Type, format?: string) {
  const schema = { type: "string" as const, ...(format === undefined ? {} : { format }) };
  return { description, content: { [type]: { schema } } as Record<Type, { schema: typeof schema }> };
}

/** Every other response of a route. */
export const refused = json("Refused, with a code", errorSchema);

/** The description of a GET. @param ok its response when all is well */
export function read<
  Path extends string,
  const Ok extends RouteConfig["responses"][string],
  const Request extends NonNullable<RouteConfig["request"]> = Record<never, never>,
>(path: Path, summary: string, ok: Ok, request: Request = {} as Request) {
  return createRoute({ method: "get", path, summary, request, responses: { 200: ok, default: refused } });
}

/** Path parameters. */
export const runParams = z.object({ id: z.string().openapi({ description: "The run's id, as in the list of runs" }) });
export const sweepParams = z.object({
  id: z.string().openapi({ description: "The sweep's id, as in the list of sweeps" }),
});
