// Requests to the Hugging Face hub, whose failures are sentences.
import { systemReason, UserError } from "../../errors.ts";

/** A hub, and on whose behalf it is asked. */
export interface Hub {
  /** Address without a final slash. */
  readonly url: string;
  readonly token: string | undefined;
  /** What failed, for messages: `Cannot use pretrained.seed="org/model"`. */
  readonly failure: string;
  /** The error for an answer that is one. @default that of a download */
  readonly refusal?: (hub: Hub, response: Response) => Promise<UserError>;
}

const MAX_REDIRECTS = 10;

/**
 * `fetch()` with the token, which is sent to the hub's own address only, never to the storage it redirects to. Proxies come
 * from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, which `fetch()` reads.
 *
 * @returns a response with a status of 2xx
 * @throws UserError `hub.network`, `hub.missing`, `hub.revision`, `hub.gated`, `hub.access`, `hub.server`
 */
export async function hubFetch(hub: Hub, input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  let url = new URL(input instanceof Request ? input.url : input);
  for (let redirects = 0;; redirects++) {
    const headers = new Headers(init.headers);
    if (hub.token !== undefined && url.origin === new URL(hub.url).origin) {
      headers.set("Authorization", `Bearer ${hub.token}`);
    }
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers, redirect: "manual" });
    } catch (error) {
      throw unreachable(hub, url, error);
    }
    if (response.ok) return response;
    const next = response.headers.get("Location");
    if (response.status < 300 || response.status > 399 || next === null || redirects === MAX_REDIRECTS) {
      const error = await hub.refusal?.(hub, response) ?? refused(hub, response);
      if (!response.bodyUsed) await response.body?.cancel();
      throw error;
    }
    await response.body?.cancel();
    url = new URL(next, url);
  }
}

/** The address that `HF_ENDPOINT` names, or that of the hub. @throws UserError `hub.endpoint` */
export async function hubUrl(failure: string): Promise<string> {
  const url = (Deno.env.get("HF_ENDPOINT") || (await import("@huggingface/hub")).HUB_URL).replace(/\/+$/, "");
  if (URL.canParse(url)) return url;
  throw new UserError(
    "hub.endpoint",
    `${failure}: HF_ENDPOINT="${url}" is not an address`,
    "write it as https://host",
  );
}

/** An error in an answer of the hub: itself if it is for users, or else that it is not the answer of a hub. */
export function answeredBy({ failure, url }: Hub, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(
    "hub.server",
    `${failure}: ${new URL(url).host} does not answer as a Hugging Face hub does (${
      error instanceof Error ? error.message : error
    })`,
    "check HF_ENDPOINT, and whether a proxy answers in place of the hub",
  );
}

/** No answer. */
export function unreachable({ failure, refusal }: Hub, url: URL, error: unknown): UserError {
  const reason = systemReason(error) ?? "check the network";
  const proxy = "behind a proxy, set HTTPS_PROXY";
  return new UserError(
    "hub.network",
    `${failure}: no connection to ${url.host} (${reason})`,
    refusal === undefined
      ? `try again later: a download that was cut resumes; ${proxy}; HF_HUB_OFFLINE=1 uses only what is in the cache`
      : `try again later: large files that the hub has are not sent again; ${proxy}`,
  );
}

/** An answer that is an error; `X-Error-Code` is the hub's name for it. */
function refused({ failure, token, url }: Hub, { status, headers }: Response): UserError {
  const kind = headers.get("X-Error-Code");
  if (kind === "RevisionNotFound") {
    return new UserError("hub.revision", `${failure}: it has no such revision`, "name a branch, a tag or a commit");
  }
  if (kind === "GatedRepo" || ((status === 401 || status === 403) && kind !== "RepoNotFound")) {
    return token === undefined
      ? new UserError(
        "hub.gated",
        `${failure}: the model is gated or private, and no token is set`,
        "accept its terms on the hub, and set HF_TOKEN to your access token",
      )
      : new UserError(
        "hub.access",
        `${failure}: the model is gated or private, and your token gives no access to it`,
        "accept its terms on the hub, and check HF_TOKEN",
      );
  }
  if (status === 404 || kind === "RepoNotFound") {
    return new UserError(
      "hub.missing",
      `${failure}: ${new URL(url).host} has no such model, or it is private`,
      token === undefined ? "check the id; for a private model, set HF_TOKEN to your access token" : "check the id",
    );
  }
  return new UserError(
    "hub.server",
    `${failure}: ${new URL(url).host} answered with status ${status}`,
    "try again later",
  );
}
