// Requests that change something: what the server may do, its token, and a retry when the token has expired.
import type { SessionResponse } from "../../schemas.ts";
import { h } from "./dom.ts";

let session: Promise<SessionResponse> | undefined;

/** The server answered, but not with what it was asked for. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  /** Of the answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Why the server refuses, in its own words where it has some. */
export async function refusalOf(response: Response): Promise<RefusedError> {
  const body = await response.json().catch(() => undefined);
  return new RefusedError(response.status, body?.error?.message ?? `The server answered ${response.status}`);
}

/** What the server answers. @throws RefusedError when it refuses, and TypeError when it does not answer */
export async function getJson<Answer>(address: string): Promise<Answer> {
  const response = await fetch(address);
  if (!response.ok) throw await refusalOf(response);
  return await response.json();
}

/** What this server does for who uses this page, with the token for it. */
export function getSession(renew = false): Promise<SessionResponse> {
  if (session === undefined || renew) {
    session = getJson<SessionResponse>("/api/session");
    session.then(({ signIn }) => offerSignIn(signIn), () => session = undefined);
  }
  return session;
}

/** A link in the bar to the page that asks for the server's token, if that would allow more. */
function offerSignIn(offered: boolean): void {
  document.querySelector(".bar .sign-in")?.remove();
  if (!offered) return;
  const href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  const title = "To make changes, open the link that the server printed";
  document.querySelector(".bar")?.append(h("a", { class: "sign-in", href, title }, "Read-only · Sign in"));
}

/**
 * Sends a change and returns the response.
 *
 * @throws Error with the server's own words, or that it does not answer
 */
export async function change<Answer>(address: string, body: unknown = {}): Promise<Answer> {
  for (const renew of [false, true]) {
    const { token } = await getSession(renew).catch(noAnswer);
    if (token === null) throw new Error("Sign in with the link that the server printed");
    const response = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", "x-stitchbook-token": token },
      body: JSON.stringify(body),
    }).catch(noAnswer);
    const answer = await response.json();
    if (response.ok) return answer;
    // The server may have been restarted since the page was opened.
    if (!renew && /^(token|access)\./.test(answer.error.code)) continue;
    throw new Error(answer.error.message);
  }
  throw new Error("The server rejects its own token");
}

/** Browsers have different words for it, none of them plain. */
function noAnswer(error: unknown): never {
  throw error instanceof RefusedError ? error : new Error("The server does not answer: is it still running?");
}
