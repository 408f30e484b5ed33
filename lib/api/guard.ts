// Which requests the API answers: those from this machine, or with the key; never those of other sites' pages.
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { isAllowedHost, isLoopbackAddress, isOwnPost, isSameOrigin, peerOf } from "../http/mod.ts";
import { ApiError } from "./errors.ts";

/** Who may ask. */
export interface Access {
  /** The key that each request must carry; without one, only this machine is answered. */
  readonly apiKey?: string | undefined;
  /** Host names that the server answers to besides the loopback ones. @default none */
  readonly hosts?: readonly string[] | undefined;
}

/** IP addresses as hosts: only names can be rebound to another machine. */
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/**
 * Refuses what comes from elsewhere: other machines if there is no key, foreign names (DNS rebinding), other sites' pages.
 *
 * @throws ApiError 403
 */
export function checkOrigin(request: Request, info: unknown, { apiKey, hosts = [] }: Access): void {
  const peer = peerOf(info);
  if (apiKey === undefined && hosts.length === 0 && peer !== undefined && !isLoopbackAddress(peer)) {
    throw new ApiError(403, "peer_foreign", "Without an API key, this server answers only to its own machine");
  }
  const host = request.headers.get("host") ?? undefined;
  const isAddress = apiKey !== undefined && host !== undefined && ADDRESS.test(host);
  if (!isAddress && !isAllowedHost(host, hosts)) {
    throw new ApiError(403, "host_foreign", "This server answers only to loopback names and to those of --allow-host");
  }
  if (!isSameOrigin(request.headers) || (request.method === "POST" && !isOwnPost(request.headers))) {
    throw new ApiError(403, "origin_foreign", "This server does not answer the pages of other sites");
  }
}

/** Refuses requests from elsewhere, and on all but the open paths those without the key. */
export function guard(access: Access, open: readonly string[]): MiddlewareHandler {
  const expected = access.apiKey === undefined ? undefined : digest(access.apiKey);
  return async (c, next) => {
    checkOrigin(c.req.raw, c.env, access);
    if (expected !== undefined && !open.includes(c.req.path)) {
      const [, key] = /^Bearer (.+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
      // Hashes are compared in constant time, so that the time taken says nothing about the key.
      if (key === undefined || !timingSafeEqual(digest(key), expected)) {
        const message = key === undefined
          ? "The request has no API key: send Authorization: Bearer <key>"
          : "Wrong API key";
        throw new ApiError(401, "invalid_api_key", message, { headers: { "www-authenticate": "Bearer" } });
      }
    }
    await next();
  };
}

const digest = (text: string) => createHash("sha256").update(text).digest();
