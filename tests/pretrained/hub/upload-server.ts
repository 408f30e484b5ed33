// A server that speaks the parts of the Hugging Face hub's API that uploading uses: repositories, branches, commits, and
// Git LFS with uploads in one piece or in parts. Its storage wants to know the length of what it gets, as real ones do.
import { createHash } from "node:crypto";

type Bytes = Uint8Array<ArrayBuffer>;

/** A repository. */
export interface Repository {
  readonly private: boolean;
  /** By branch and path. */
  readonly branches: Record<string, Record<string, Bytes>>;
}

export interface UploadServer extends AsyncDisposable {
  readonly url: string;
  /** By id. */
  readonly repositories: Record<string, Repository>;
  /** Every request: method, path, and whether it had the token. */
  readonly asked: { readonly request: string; readonly token: boolean; readonly storage: boolean }[];
  /** An answer to give instead, by method and path. */
  readonly answers: Record<string, () => Response>;
}

/** Files of at least so many bytes are Git LFS files. */
export const LFS = 2000;
/** Size of a part. */
const PART = 4000;

/** @param token the one that may write */
export function startUploadHub(token: string): UploadServer {
  const repositories: Record<string, Repository> = {};
  const stored = new Map<string, Bytes>();
  const parts = new Map<string, Bytes[]>();
  const asked: UploadServer["asked"] = [];
  const answers: UploadServer["answers"] = {};
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const note = (request: Request, storage: boolean) => {
    const { pathname } = new URL(request.url);
    const line = `${request.method} ${decodeURIComponent(pathname)}`;
    asked.push({ request: line, token: request.headers.get("Authorization") === `Bearer ${token}`, storage });
    return line;
  };
  const storage = Deno.serve(options, async (request) => {
    note(request, true);
    const [oid = "", part] = new URL(request.url).pathname.slice(1).split("/");
    if (request.method === "POST") {
      stored.set(oid, joined(parts.get(oid)!));
      return Response.json({});
    }
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (request.headers.get("Content-Length") !== String(bytes.length)) return new Response(null, { status: 501 });
    if (part === undefined) stored.set(oid, bytes);
    else parts.get(oid)![Number(part) - 1] = bytes;
    return new Response(null, { headers: { ETag: `"${part}"` } });
  });
  const place = () => `http://127.0.0.1:${storage.addr.port}`;
  const hub = Deno.serve(options, async (request) => {
    const line = note(request, false);
    const answer = answers[line];
    if (answer !== undefined) return answer();
    if (request.headers.get("Authorization") !== `Bearer ${token}`) return error(401, "", "Invalid credentials");
    const [method, path = ""] = line.split(" ");
    if (line === "POST /api/repos/create") {
      const { organization, name, visibility } = await request.json();
      repositories[`${organization}/${name}`] = { private: visibility === "private", branches: { main: {} } };
      return Response.json({ url: `/${organization}/${name}`, id: "1" });
    }
    const [, id = "", rest = ""] = /^\/(?:api\/models\/)?([^/]+\/[^/]+?)(?:\.git)?(\/.*)?$/.exec(path) ?? [];
    const repository = repositories[id];
    if (repository === undefined) return error(404, "RepoNotFound", "Repository not found");
    if (method === "GET") return Response.json({ _id: "1", id, private: repository.private });
    if (rest === "/info/lfs/objects/batch") {
      const { objects } = await request.json() as { objects: { oid: string; size: number }[] };
      return Response.json({ objects: objects.map((one) => upload(one)) });
    }
    const [, kind, branch = ""] = rest.split("/");
    if (kind === "branch") {
      if (repository.branches[branch] !== undefined) return error(409, "", "Branch exists");
      repository.branches[branch] = { ...repository.branches["main"] };
      return Response.json({});
    }
    if (repository.branches[branch] === undefined) return error(404, "RevisionNotFound", "Invalid rev id");
    if (kind === "preupload") {
      const { files } = await request.json() as { files: { path: string; size: number }[] };
      return Response.json({
        files: files.map(({ path, size }) => ({
          path,
          uploadMode: size < LFS ? "regular" : "lfs",
          shouldIgnore: false,
        })),
      });
    }
    for (const { key, value } of (await request.text()).split("\n").map((text) => JSON.parse(text))) {
      const files = repository.branches[branch]!;
      if (key === "file") files[value.path] = Uint8Array.fromBase64(value.content);
      if (key === "lfsFile") files[value.path] = stored.get(value.oid)!;
    }
    return Response.json({ success: true, commitOid: "c".repeat(40), commitUrl: "", hookOutput: "" });
  });

  function upload({ oid, size }: { readonly oid: string; readonly size: number }): unknown {
    if (stored.has(oid)) return { oid, size };
    if (size <= PART) return { oid, size, actions: { upload: { href: `${place()}/${oid}` } } };
    const count = Math.ceil(size / PART);
    parts.set(oid, []);
    const header = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [String(i + 1).padStart(5, "0"), `${place()}/${oid}/${i + 1}`]),
    );
    return {
      oid,
      size,
      actions: { upload: { href: `${place()}/${oid}`, header: { chunk_size: String(PART), ...header } } },
    };
  }

  return {
    url: `http://127.0.0.1:${hub.addr.port}`,
    repositories,
    asked,
    answers,
    async [Symbol.asyncDispose]() {
      await Promise.all([hub.shutdown(), storage.shutdown()]);
      for (const [oid, bytes] of stored) {
        if (createHash("sha256").update(bytes).digest("hex") !== oid) throw new Error(`${oid} was damaged`);
      }
    },
  };
}

function error(status: number, code: string, text: string): Response {
  return Response.json({ error: text }, { status, headers: code === "" ? {} : { "X-Error-Code": code } });
}

function joined(pieces: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
