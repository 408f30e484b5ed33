// Requests that change something: what the server may do, its token, and a retry when the token has expired.
import type { SessionResponse } from "../../schemas.ts";
import { h } from "./dom.ts";

let session: Promise<SessionResponse> | undefined;

/** What the server answers. @throws Error when it refuses */
export async function getJson<Answer>(address: string): Promise<Answer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`The server answered ${response.status}`);
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
 * @throws Error with the server's own words
 */
export async function change<Answer>(address: string, body: unknown = {}): Promise<Answer> {
  for (const renew of [false, true]) {
    const { token } = await getSession(renew);
    if (token === null) throw new Error("Sign in with the link that the server printed");
    const response = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", "x-stitchbook-token": token },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    // The server may have been restarted since the page was opened.
    if (!renew && /^(token|access)\./.test(answer.error.code)) continue;
    throw new Error(answer.error.message);
  }
  throw new Error("The server rejects its own token");
}
