// Uploads the files of a model to the Hugging Face hub, as one commit.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../../errors.ts";
import { accessToken, isOffline } from "./environment.ts";
import type { FileToPush } from "./push-files.ts";
import { answeredBy, type Hub, hubFetch, hubUrl } from "./request.ts";

/** What to upload, and where to. */
export interface Push {
  readonly folder: string;
  readonly files: readonly FileToPush[];
  /** `owner/name` */
  readonly repository: string;
  /** A branch. @default "main" */
  readonly revision?: string;
  /** Whether a repository that does not exist yet becomes private. */
  readonly private?: boolean;
  readonly signal?: AbortSignal;
  /** Told of each file when it is on the hub. */
  readonly onFile?: (path: string) => void;
}

/** What the hub has now. */
export interface Pushed {
  readonly repository: string;
  readonly revision: string;
  readonly commit: string;
  /** The repository's page. */
  readonly url: string;
  /** Whether the repository was created. */
  readonly created: boolean;
}

/**
 * Creates the repository and the branch if they do not exist, and uploads the files in one commit: the hub has all of them
 * or none.
 *
 * Environment: `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_OFFLINE`, `HF_TOKEN`, `HF_TOKEN_PATH`, and proxies.
 *
 * @throws UserError `push.repository`, `push.token`, `push.public` when it should be private and is not, `hub.*`
 */
export async function pushFiles(push: Push): Promise<Pushed> {
  const { folder, files, repository, revision = "main", signal, onFile } = push;
  const failure = `Cannot push "${folder}" to "${repository}"`;
  checkTarget(folder, repository, revision);
  if (isOffline()) {
    throw new UserError("hub.offline", `${failure}: HF_HUB_OFFLINE forbids it`, "unset HF_HUB_OFFLINE");
  }
  const token = await accessToken();
  if (token === undefined) {
    throw new UserError(
      "push.token",
      `${failure}: no access token is set`,
      "set HF_TOKEN to a token with write access, or run hf auth login",
    );
  }
  const library = await import("@huggingface/hub");
  const hub: Hub = { url: await hubUrl(failure), token, failure, refusal };
  const repo = { type: "model", name: repository } as const;
  const common = { hubUrl: hub.url, fetch: sender(hub) };
  try {
    const created = await ensureRepository(library, push, common, failure);
    if (revision !== "main") {
      await library.createBranch({ ...common, repo, branch: revision }).catch(unless("push.exists"));
    }
    const events = library.commitIter({
      ...common,
      repo,
      branch: revision,
      title: `Upload ${files.length} files with Stitchbook`,
      operations: files.map(({ path }) => ({
        operation: "addOrUpdate",
        path,
        content: pathToFileURL(resolve(folder, path)),
      })),
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    for (;;) {
      const { done, value } = await events.next();
      if (!done) {
        if (value.event === "fileProgress" && value.state === "uploading" && value.progress === 1) onFile?.(value.path);
        continue;
      }
      const commit = value?.commit.oid;
      if (commit === undefined) throw new TypeError("no commit in the answer");
      return { repository, revision, commit, url: `${hub.url}/${repository}`, created };
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw answeredBy(hub, error);
  }
}

type Library = typeof import("@huggingface/hub");
type Common = { readonly hubUrl: string; readonly fetch: typeof fetch };

/** Makes sure that the repository exists, and returns whether it was created. */
async function ensureRepository(
  { createRepo, modelInfo }: Library,
  { repository, private: wanted = false }: Push,
  common: Common,
  failure: string,
): Promise<boolean> {
  const found = await modelInfo({ ...common, name: repository }).catch(unless("push.missing"));
  if (found === undefined) {
    // The token is added by `hubFetch()`, for the hub's own address only.
    const own = { ...common, credentials: undefined } as unknown as Parameters<typeof createRepo>[0];
    const repo = { type: "model", name: repository } as const;
    return await createRepo({ ...own, repo, private: wanted }).then(() => true);
  }
  if (wanted && !found.private) {
    throw new UserError(
      "push.public",
      `${failure}: the repository exists and is public`,
      "leave out --private, name another repository, or make it private in its settings on the hub",
    );
  }
  return false;
}

/** For `.catch()`: undefined for an error with this code; others are thrown again. */
const unless = (code: string) => (error: unknown): undefined => {
  if (!(error instanceof UserError) || error.code !== code) throw error;
};

/**
 * `fetch()` for uploads. Storage servers want the length of what they get, which Deno sends of bytes but not of files, so the
 * pieces are read into memory, one at a time.
 */
function sender(hub: Hub): typeof fetch {
  let last: Promise<unknown> = Promise.resolve();
  return async (input, init) => {
    const { body } = init ?? {};
    if (!(body instanceof Blob)) return await hubFetch(hub, input, init);
    const sent = last.catch(() => {}).then(async () =>
      await hubFetch(hub, input, { ...init, body: await body.arrayBuffer() })
    );
    last = sent;
    return await sent;
  };
}

/** An answer to an upload that is an error. */
async function refusal({ failure, url }: Hub, response: Response): Promise<UserError> {
  const { status, headers } = response;
  const said = await messageOf(response);
  const host = new URL(response.url || url).host;
  const because = said === "" ? "" : ` (${said})`;
  if (headers.get("X-Error-Code") === "RepoNotFound" || status === 404) {
    return new UserError(
      "push.missing",
      `${failure}: ${host} has no such repository, or your token cannot see it`,
      "check the name, and that the token has write access to its owner",
    );
  }
  if (status === 401) {
    return new UserError(
      "push.token",
      `${failure}: ${host} does not accept the access token${because}`,
      "set HF_TOKEN to a valid token with write access",
    );
  }
  if (status === 403) {
    return new UserError(
      "push.access",
      `${failure}: the access token does not allow it${because}`,
      "use a token with write access to the repository's owner; your settings on the hub make one",
    );
  }
  if (status === 409) return new UserError("push.exists", `${failure}: it exists, or was changed meanwhile${because}`);
  return new UserError(
    "hub.server",
    `${failure}: ${host} answered with status ${status}${because}`,
    status < 500 ? "check what it says of the files" : "try again later",
  );
}

/** What a server says of an error, on one line. */
async function messageOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  let said: unknown;
  try {
    said = JSON.parse(text)?.error;
  } catch {
    said = undefined;
  }
  return typeof said === "string" ? said.replace(/[\s\p{C}]+/gu, " ").trim().slice(0, 300) : "";
}

/**
 * Checks the names of a repository and a branch.
 *
 * @throws UserError `push.repository`, `push.revision`
 */
export function checkTarget(folder: string, repository: string, revision: string): void {
  const failure = `Cannot push "${folder}" to "${repository}"`;
  if (!/^\w[\w.-]*\/\w[\w.-]*$/.test(repository) || repository.includes("..") || repository.includes("--")) {
    throw new UserError(
      "push.repository",
      `${failure}: a repository's name has the form owner/name, of letters, digits, ".", "_" and single "-"`,
      "write it as it is in the address of its page",
    );
  }
  if (/^\w[\w.-]*(\/\w[\w.-]*)*$/.test(revision) && !revision.includes("..")) return;
  throw new UserError("push.revision", `${failure}: "${revision}" is not the name of a branch`, "write it as in v1");
}
