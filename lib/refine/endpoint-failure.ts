// What goes wrong with a request to an endpoint: in words, and whether asking again may help.
// @ts-types="./openai.d.ts"
import { APIConnectionError, APIConnectionTimeoutError, APIError } from "openai";
import { UnusableReply } from "./endpoint-fetch.ts";

/** Why a request failed. */
export interface Failure {
  /** Follows "The endpoint <url> ". */
  readonly what: string;
  /** More about it, if there is more. */
  readonly why?: string;
  readonly hint: string;
  /** Whether the same request may succeed later. */
  readonly again: boolean;
  /** Milliseconds after which the endpoint wants to be asked again, if it says so. */
  readonly waitMs?: number | undefined;
}

/** Hints. */
export const ADDRESS = "check the address: that of most servers ends in /v1";
const SETTINGS = "change the settings: model.format is how problems are put (chat, completion, line), and " +
  "endpoint.contextLength how many tokens the model reads; what was answered is kept";
const RESUMES = "what was answered is kept: when the endpoint works, give the same command again";
const KEY = "the key is the variable OPENAI_API_KEY";

/**
 * Connections that cannot come about, whenever they are tried: a port that browsers' rules forbid, a name that does not
 * exist, a certificate that is not trusted, a server that speaks another protocol, a permission that is missing.
 */
const NEVER =
  /are blocked|Name or service not known|nodename nor servname|No such host|certificate|InvalidContentType|corrupt message|invalid HTTP|Requires net access/i;

/**
 * Why a request failed; undefined for what is not the endpoint's fault.
 *
 * @param seconds that a reply may take
 */
export function failureOf(error: unknown, seconds: number): Failure | undefined {
  const unusable = causes(error).find((one) => one instanceof UnusableReply);
  if (unusable !== undefined || error instanceof SyntaxError) {
    const why = unusable?.message ?? `broken JSON: ${(error as SyntaxError).message}`;
    return { what: "gives answers that cannot be read", why, hint: `${RESUMES}; ${ADDRESS}`, again: true };
  }
  if (error instanceof APIConnectionTimeoutError) {
    const hint = `${RESUMES}; endpoint.seconds is how long to wait`;
    return { what: `did not answer within ${seconds} s`, hint, again: true };
  }
  if (error instanceof APIConnectionError) {
    const why = causes(error).at(-1)!.message.replace(/^error sending request .*?: client error \([^)]*\): /, "");
    const again = !NEVER.test(why);
    return { what: "cannot be reached", why, hint: again ? RESUMES : ADDRESS, again };
  }
  return error instanceof APIError && error.status !== undefined ? refusal(error, error.status, seconds) : undefined;
}

/** A reply with a status that is not that of success. */
function refusal({ code, headers, message }: APIError, status: number, seconds: number): Failure {
  if (status === 401 || status === 403) {
    return { what: `refuses the key (status ${status})`, hint: KEY, again: false };
  }
  if (status >= 300 && status < 400) {
    const what = `redirects to ${headers?.get("location") ?? "another address"} (status ${status})`;
    return { what, hint: "give the address that it redirects to", again: false };
  }
  const what = `answers with an error: ${brief(message)}`;
  if (status === 404) return { what, hint: ADDRESS, again: false };
  if (status === 429 && code === "insufficient_quota") return { what, hint: RESUMES, again: false };
  if (!isPassing(status)) return { what, hint: status >= 500 ? ADDRESS : SETTINGS, again: false };
  const waitMs = waitOf(headers);
  if (waitMs === undefined || waitMs <= 1000 * seconds) return { what, hint: RESUMES, again: true, waitMs };
  const until = `${what}, and wants ${Math.ceil(waitMs / 1000)} s to pass`;
  return { what: until, hint: `${RESUMES}; endpoint.seconds is how long to wait`, again: false };
}

/** Whether a status may be another one later. 501 and 505 are those of servers that never answer such requests. */
const isPassing = (status: number) =>
  [408, 409, 425, 429].includes(status) || (status >= 500 && status !== 501 && status !== 505);

/** Milliseconds to wait, as the headers say: seconds, or a date. */
function waitOf(headers: Headers | undefined): number | undefined {
  const exact = Number.parseFloat(headers?.get("retry-after-ms") ?? "");
  if (exact >= 0) return exact;
  const text = headers?.get("retry-after") ?? "";
  const wait = /^[\d.]+$/.test(text.trim()) ? 1000 * Number(text) : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** An error, and what caused it. */
function causes(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}

/** The beginning of a text that may be a whole page, on one line. */
export function brief(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= 200 ? line : `${line.slice(0, 200)} …`;
}
