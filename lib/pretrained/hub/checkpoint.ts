// Models on the Hugging Face hub, in the cache that Python's huggingface_hub uses too:
// `hub/models--<owner>--<name>/{blobs,refs,snapshots}` in `HF_HOME`.
import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { absent, UserError } from "../../errors.ts";
import { openWeightFiles, type TensorEntry } from "../../huggingface/mod.ts";
import { diskError, downloadBlob, type HubFile, missingBytes, withBlobLock } from "./blob.ts";
import { accessToken, isOffline } from "./environment.ts";
import { checkpointFiles, hasCheckpoint, type HubKind } from "./files.ts";
import { remoteHeader } from "./remote-header.ts";
import { answeredBy, type Hub, hubFetch, hubUrl } from "./request.ts";

/** A model that is in the cache. */
export interface HubCheckpoint {
  /** Its snapshot: a Hugging Face folder. */
  readonly folder: string;
  /** Id and commit: `org/model@<40 hexadecimal digits>`. */
  readonly pinned: string;
}

/** Told of a file before it is downloaded. @param bytes that are still to come */
export type OnDownload = (path: string, bytes: number) => void;

const ID = /^(?<id>[\w-][\w.-]*\/[\w-][\w.-]*)(@(?<revision>\w[\w.-]*(\/\w[\w.-]*)*))?$/;
/** The longest that an answer of the API takes; the connection is given up afterwards. */
const ANSWER_MS = 60_000;
const COMMIT = /^[0-9a-f]{40}$/;
const HASH = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** Whether a text has the form of a model's id on the hub, with or without a revision (`org/model@v1`), and not a file's. */
export function isHubId(source: string): boolean {
  return ID.test(source) && !source.includes("..") && !source.toLowerCase().endsWith(".gguf");
}

/**
 * The checkpoint with an id on the hub, downloaded unless it is in the cache. Only safetensors and the files of model,
 * tokenizer and chat template are fetched. The hub is asked which commit a branch or tag is at; a commit that is in the cache
 * needs no network.
 *
 * Environment: `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HF_HUB_OFFLINE`, `HF_TOKEN`, `HF_TOKEN_PATH`, and proxies.
 *
 * @param source `org/model` or `org/model@revision`; the revision is a branch, a tag or a commit, by default `main`
 * @param failure what failed, for messages: `Cannot use pretrained.seed="org/model"`
 * @param kind what it must be
 * @throws UserError `hub.*`
 */
export async function hubCheckpoint(
  source: string,
  failure: string,
  onDownload: OnDownload = () => {},
  kind: HubKind = "model",
): Promise<HubCheckpoint> {
  const { folder, pinned } = await fetchFiles(source, failure, onDownload, () => true, kind);
  return { folder, pinned };
}

/** A model on the hub whose weights need not be in the cache; everything else is. */
export interface HubOutline extends HubCheckpoint {
  /** Bytes of its weights that are still to be downloaded. */
  readonly bytes: number;
  /** Its weights' types and shapes; of those that are not in the cache, the headers are fetched. */
  readonly weights: () => Promise<readonly Pick<TensorEntry, "dtype" | "shape">[]>;
}

/** What is to be known of a model on the hub without its weights, which are not downloaded; see {@linkcode hubCheckpoint}. */
export async function hubOutline(source: string, failure: string): Promise<HubOutline> {
  const { folder, pinned, left } = await fetchFiles(source, failure, () => {}, ({ path }) => !isWeights(path));
  return {
    folder,
    pinned,
    bytes: left.reduce((sum, { bytes }) => sum + bytes, 0),
    async weights() {
      if (left.length > 0) return (await Promise.all(left.map(({ header }) => header()))).flat();
      const files = await openWeightFiles(folder);
      files.close();
      return [...files.weights.values()];
    },
  };
}

const isWeights = (path: string) => path.endsWith(".safetensors");

/** A file that was not fetched. */
interface LeftFile {
  /** Bytes of it that are not in the cache. */
  readonly bytes: number;
  /** The tensors in it, if it has weights. */
  readonly header: () => Promise<readonly TensorEntry[]>;
}

/** Fetches the files of a checkpoint that are wanted. If the cache has all of them, none is left, wanted or not. */
async function fetchFiles(
  source: string,
  failure: string,
  onDownload: OnDownload,
  isWanted: (file: HubFile) => boolean,
  kind: HubKind = "model",
): Promise<HubCheckpoint & { readonly left: readonly LeftFile[] }> {
  const library = await import("@huggingface/hub");
  const { id = "", revision = "main" } = ID.exec(source)?.groups ?? {};
  const cache = library.getHFHubCachePath();
  const repository = join(cache, library.getRepoFolderName({ type: "model", name: id }));
  const at = (commit: string, left: readonly LeftFile[] = []) => ({
    folder: join(repository, "snapshots", commit),
    pinned: `${id}@${commit}`,
    left,
  });
  try {
    if (COMMIT.test(revision) && await hasCheckpoint(at(revision).folder, kind)) return at(revision);
    if (isOffline()) {
      const commit = COMMIT.test(revision) ? revision : await readRef(repository, revision);
      if (commit !== undefined && await hasCheckpoint(at(commit).folder, kind)) return at(commit);
      throw new UserError(
        "hub.offline",
        `${failure}: it is not complete in the cache "${cache}", and HF_HUB_OFFLINE forbids downloads`,
        `unset HF_HUB_OFFLINE, or download it first: deno task model get ${source}`,
      );
    }
    const hub: Hub = { url: await hubUrl(failure), token: await accessToken(), failure };
    const { commit, files } = await inspect(hub, id, revision);
    const { folder } = at(commit);
    const all = checkpointFiles(files, failure, kind);
    const wanted = all.filter(isWanted);
    const address = ({ path }: HubFile) => `${hub.url}/${id}/resolve/${commit}/${path}`;
    const blobs = join(repository, "blobs");
    await checkSpace(cache, wanted, blobs, failure);
    const locks = join(cache, ".locks", library.getRepoFolderName({ type: "model", name: id }));
    for (const needed of [blobs, locks]) await Deno.mkdir(needed, { recursive: true });
    for (const file of wanted) {
      await withBlobLock(locks, file, async () => {
        const bytes = await missingBytes(blobs, file);
        if (bytes > 0) onDownload(file.path, bytes);
        await downloadBlob(hub, address(file), file, blobs);
      });
    }
    await Deno.mkdir(folder, { recursive: true });
    for (const file of wanted) await link(folder, file);
    if (revision !== commit) await writeRef(repository, revision, commit);
    const left: LeftFile[] = [];
    for (const file of all) {
      if (isWanted(file)) continue;
      const bytes = await missingBytes(blobs, file);
      left.push({ bytes, header: () => remoteHeader(hub, address(file), file) });
    }
    return at(commit, await hasCheckpoint(folder, kind) ? [] : left);
  } catch (error) {
    throw diskError(failure, cache, error) ?? error;
  }
}

/** The commit of a revision, and the files at its top. */
async function inspect(
  hub: Hub,
  id: string,
  revision: string,
): Promise<{ readonly commit: string; readonly files: readonly HubFile[] }> {
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const ask: typeof fetch = (input, init) => hubFetch(hub, input, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  const options = { hubUrl: hub.url, fetch: ask };
  try {
    const { sha } = await modelInfo({ ...options, name: id, revision, additionalFields: ["sha"] });
    const files: HubFile[] = [];
    for await (const { type, path, size, oid, lfs } of listFiles({ ...options, repo: id, revision: sha })) {
      if (type === "file") files.push({ path, size: lfs?.size ?? size, hash: lfs?.oid ?? oid ?? "" });
    }
    if (
      !COMMIT.test(sha) || files.some(({ size, hash }) => !Number.isSafeInteger(size) || size < 0 || !HASH.test(hash))
    ) {
      throw new TypeError("no commit, or no hash of a file");
    }
    return { commit: sha, files };
  } catch (error) {
    throw answeredBy(hub, error);
  }
}

async function checkSpace(cache: string, files: readonly HubFile[], blobs: string, failure: string): Promise<void> {
  let needed = 0;
  for (const file of files) needed += await missingBytes(blobs, file);
  if (needed === 0) return;
  let folder = cache;
  while (await Deno.stat(folder).catch(absent) === undefined) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new UserError(
    "hub.disk",
    `${failure}: the download takes ${megabytes(needed)}, and the disk of "${cache}" has ${megabytes(free)} free`,
    "free some space, or set HF_HOME to a folder on another disk",
  );
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;

async function readRef(repository: string, revision: string): Promise<string | undefined> {
  const text = (await Deno.readTextFile(join(repository, "refs", revision)).catch(absent))?.trim();
  return text !== undefined && COMMIT.test(text) ? text : undefined;
}

async function writeRef(repository: string, revision: string, commit: string): Promise<void> {
  const path = join(repository, "refs", revision);
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, commit);
}

/** Names a blob in a snapshot: by a relative link, or by a copy where links are not allowed (Windows). */
async function link(folder: string, { path, hash }: HubFile): Promise<void> {
  const name = join(folder, path);
  if (await Deno.stat(name).catch(absent) !== undefined) return;
  await Deno.remove(name).catch(absent);
  try {
    await Deno.symlink(join("..", "..", "blobs", hash), name);
  } catch (error) {
    if (Deno.build.os !== "windows") throw error;
    await Deno.copyFile(join(folder, "..", "..", "blobs", hash), name);
  }
}
