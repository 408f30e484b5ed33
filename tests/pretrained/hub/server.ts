// A server that speaks the parts of the Hugging Face hub's API that downloading uses, with one repository.
import { createHash } from "node:crypto";

/** A request that a server got. */
export interface Asked {
  readonly path: string;
  readonly range: string | null;
  readonly token: string | null;
}

/** What the server does; tests change it while it runs. */
export interface Behavior {
  id: string;
  commit: string;
  /** By path. Files of at least {@linkcode LARGE} bytes are Git LFS files, which the storage server has. */
  files: Record<string, Uint8Array<ArrayBuffer>>;
  /** The token that the files are given for. */
  token?: string;
  /** After so many bytes of a large file the connection is cut, once each. */
  cuts: number[];
  /** Ranges are not understood. */
  wholeOnly?: boolean;
  /** The storage has these bytes in place of the file's. */
  damaged?: Uint8Array<ArrayBuffer>;
  /** The size that the listing gives for weights. */
  claimedSize?: number;
  /** The API's answer. */
  answer?: () => Response;
}

export const LARGE = 4096;

const VARIABLES = ["HF_HOME", "HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HUB_CACHE", "HF_HUB_OFFLINE"];

/** Runs `body` with an empty `HF_HOME` and these of the hub's environment variables only, and puts them back. */
export async function withEnvironment(
  variables: Readonly<Record<string, string>>,
  body: (home: string) => Promise<void>,
): Promise<void> {
  const before = VARIABLES.map((name) => [name, Deno.env.get(name)] as const);
  const home = await Deno.makeTempDir();
  try {
    for (const name of VARIABLES) Deno.env.delete(name);
    for (const [name, value] of Object.entries({ HF_HOME: home, ...variables })) Deno.env.set(name, value);
    await body(home);
  } finally {
    for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    await Deno.remove(home, { recursive: true });
  }
}

export interface HubServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly behavior: Behavior;
  /** What the hub and its storage were asked for since the last call. */
  asked(): { readonly hub: readonly Asked[]; readonly storage: readonly Asked[] };
}

/** Starts a hub, and the storage on another port that it redirects to for large files. */
export function startHub(behavior: Behavior): HubServer {
  let [hub, storage]: [Asked[], Asked[]] = [[], []];
  const note = (list: Asked[], { url, headers }: Request) => {
    list.push({ path: new URL(url).pathname, range: headers.get("Range"), token: headers.get("Authorization") });
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const storageServer = Deno.serve(options, (request) => {
    note(storage, request);
    const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
    return content(behavior, request, behavior.damaged ?? behavior.files[path]!);
  });
  const hubServer = Deno.serve(options, (request) => {
    note(hub, request);
    return answer(behavior, request, `http://127.0.0.1:${storageServer.addr.port}`);
  });
  const { port } = hubServer.addr;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    behavior,
    asked() {
      const all = { hub, storage };
      [hub, storage] = [[], []];
      return all;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([hubServer.shutdown(), storageServer.shutdown()]);
    },
  };
}

function answer(behavior: Behavior, request: Request, storage: string): Response {
  const { id, commit, files, token } = behavior;
  const path = decodeURIComponent(new URL(request.url).pathname);
  if (path.startsWith("/api/")) {
    if (behavior.answer !== undefined) return behavior.answer();
    if (!path.startsWith(`/api/models/${id}/`)) return error(401, "RepoNotFound");
    const [kind, revision] = path.slice(`/api/models/${id}/`.length).split("/");
    if (!["main", "v1", commit].includes(revision!)) return error(404, "RevisionNotFound");
    return Response.json(kind === "revision" ? { _id: "1", id, sha: commit } : listing(behavior));
  }
  const prefix = `/${id}/resolve/${commit}/`;
  const bytes = path.startsWith(prefix) ? files[path.slice(prefix.length)] : undefined;
  if (bytes === undefined) return error(404, "EntryNotFound");
  if (token !== undefined && request.headers.get("Authorization") !== `Bearer ${token}`) return error(401, "GatedRepo");
  return bytes.length < LARGE
    ? content({ ...behavior, cuts: [] }, request, bytes)
    : new Response(null, { status: 302, headers: { Location: `${storage}/${path.slice(prefix.length)}` } });
}

function error(status: number, code: string): Response {
  return Response.json({ error: code }, { status, headers: { "X-Error-Code": code } });
}

function listing({ files, claimedSize }: Behavior): unknown {
  const folder = { type: "directory", oid: "0".repeat(40), size: 0, path: "onnx" };
  return [
    folder,
    ...Object.entries(files).map(([path, bytes]) => {
      const oid = blobName(bytes, false);
      const size = (path.endsWith(".safetensors") ? claimedSize : undefined) ?? bytes.length;
      const lfs = bytes.length < LARGE ? {} : { lfs: { oid: blobName(bytes, true), size, pointerSize: 133 } };
      return { type: "file", oid, size, path, ...lfs };
    }),
  ];
}

/** The name of a blob in the cache. */
export function blobName(bytes: Uint8Array, large = bytes.length >= LARGE): string {
  if (large) return createHash("sha256").update(bytes).digest("hex");
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}

function content({ cuts, wholeOnly }: Behavior, request: Request, bytes: Uint8Array<ArrayBuffer>): Response {
  const from = wholeOnly ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.get("Range") ?? "")?.[1] ?? 0);
  const cut = cuts.shift();
  const rest = bytes.slice(from, cut === undefined ? undefined : from + cut);
  const headers = { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  const init = from > 0 ? { status: 206, headers } : {};
  if (cut === undefined) return new Response(rest, init);
  let sent = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!sent) {
        sent = true;
        return controller.enqueue(rest);
      }
      // What was sent arrives before the connection is cut.
      await new Promise((resolve) => setTimeout(resolve, 100));
      controller.error(new Error("cut"));
    },
  });
  return new Response(body, init);
}
