// Who may change or compute something, and on a private server read: whoever opened the link with the server's token,
// which gives their browser a cookie, and programs that send the token. Every user of a machine can reach its loopback
// ports, so an address does not tell them apart.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { getCookie, setCookie } from "hono/cookie";

/** What opens a server. */
export interface Access {
  /** Part of the link that the server prints; programs send it as `Authorization: Bearer <token>`. */
  readonly token: string;
  /** Whether reading needs it, too. */
  readonly isPrivate: boolean;
  /** What browsers keep instead of it, so that no script and no other server learns the token. */
  readonly cookie: string;
}

/** Access to one server, with secrets that are never stored. */
export function createAccess(isPrivate = false): Access {
  const secret = () => randomBytes(24).toString("base64url");
  return { token: secret(), isPrivate, cookie: secret() };
}

/** What a request shows of the token. */
export type Shown = "good" | "missing" | "wrong";

/** Whether a request comes from somebody who has the token. */
export function shownBy(c: Context, access: Access | undefined): Shown {
  if (access === undefined) return "missing";
  const [, bearer] = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
  if (bearer !== undefined) return isSecret(bearer, access.token) ? "good" : "wrong";
  const cookie = getCookie(c, cookieName(c));
  return cookie === undefined ? "missing" : isSecret(cookie, access.cookie) ? "good" : "wrong";
}

/** Lets the browser that asks keep the cookie until it is closed. */
export function admit(c: Context, { cookie }: Access): void {
  setCookie(c, cookieName(c), cookie, { path: "/", httpOnly: true, sameSite: "Strict" });
}

/** Whether a text is the secret, in a time that says nothing about how much of it matches. */
export function isSecret(text: string, secret: string): boolean {
  const digest = (of: string) => createHash("sha256").update(of).digest();
  return timingSafeEqual(digest(text), digest(secret));
}

/** Browsers keep cookies by host alone, so that the servers of a machine share them: the port tells them apart. */
function cookieName(c: Context): string {
  const [, port] = /:(\d+)$/.exec(c.req.header("host") ?? "") ?? [];
  return port === undefined ? "stitchbook" : `stitchbook-${port}`;
}
