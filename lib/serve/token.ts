// The token that a page must send with every request that changes something. Other sites' pages cannot read it.
import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** The outcome of checking a token. */
export type TokenCheck = "good" | "missing" | "wrong" | "expired";

/** Issues and checks the tokens of one server. */
export interface Tokens {
  issue(now?: number): string;
  check(token: string | undefined, now?: number): TokenCheck;
}

/** The header that carries it; URLs would leak it through logs and referrers. */
export const TOKEN_HEADER = "x-stitchbook-token";
const LIFE_MS = 12 * 3_600_000;

/**
 * Tokens that are valid for 12 hours and for this server only: the time of issue, signed with a random secret that is
 * never stored.
 */
export function createTokens(): Tokens {
  const secret = randomBytes(32);
  const seal = (issued: string) => createHmac("sha256", secret).update(issued).digest();
  return {
    issue(now = Date.now()) {
      const issued = now.toString(36);
      return `${issued}.${seal(issued).toString("base64url")}`;
    },
    check(token, now = Date.now()) {
      if (token === undefined || token === "") return "missing";
      const [, issued, given] = /^([0-9a-z]{1,12})\.([\w-]{43})$/.exec(token) ?? [];
      if (issued === undefined || given === undefined) return "wrong";
      // In constant time, so that the time taken says nothing about how much of it matches.
      if (!timingSafeEqual(Buffer.from(given, "base64url"), seal(issued))) return "wrong";
      const age = now - parseInt(issued, 36);
      return age >= 0 && age < LIFE_MS ? "good" : "expired";
    },
  };
}
