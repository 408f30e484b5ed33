// The forms that answers take: pages, and errors with a code.
import type { Context } from "hono";
import { PAGE_POLICY } from "./headers.ts";

type ErrorStatus = 400 | 403 | 404 | 405 | 409 | 413 | 415 | 500;

/** A page of our own. */
export function html(c: Context, page: string, status: 200 | 404 = 200): Response {
  c.header("content-security-policy", PAGE_POLICY);
  return c.body(page, status, { "content-type": "text/html; charset=utf-8" });
}

/** An error as JSON. */
export function problem(c: Context, status: ErrorStatus, code: string, message: string): Response {
  return c.json({ error: { code, message } }, status);
}

export function unknownRun(c: Context): Response {
  return problem(c, 404, "run.unknown", "There is no such run");
}

/** A file of a run as it is: downloaded, never shown as a document. */
export function attachment(c: Context, name: string, bytes: Uint8Array<ArrayBuffer>): Response {
  c.header("content-disposition", `attachment; filename="${name.replace(/[^\w.-]/g, "_")}"`);
  return c.body(bytes, 200, { "content-type": "application/octet-stream" });
}
