// Downloads one file into the cache's `blobs`. The cache functions of @huggingface/hub start over after a cut and do not
// check what they got, so this part is our own.
import { createHash } from "node:crypto";
import { absent, systemReason, UserError } from "../../errors.ts";
import { type Hub, hubFetch, unreachable } from "./request.ts";

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Name of its blob: the SHA-256 of a large file (Git LFS), or else Git's SHA-1 of a blob. */
  readonly hash: string;
}

/** Tries in a row that get no byte. */
const TRIES = 3;
const FIRST_DELAY_MS = 100;
/** A server that sends nothing for so long is taken to be gone. */
const STALL_MS = 60_000;

/** Bytes of a file that are still to be fetched. */
export async function missingBytes(blobs: string, { hash, size }: HubFile): Promise<number> {
  if (await sizeOf(`${blobs}/${hash}`) === size) return 0;
  return size - Math.min(size, await sizeOf(`${blobs}/${hash}.incomplete`) ?? 0);
}

/**
 * Downloads a file to `blobs/<hash>`, unless it is there. A download that was cut resumes where `<hash>.incomplete` ends,
 * in this process or a later one. The file gets its name when size and hash are right.
 *
 * @param url where it is
 * @throws UserError `hub.damaged` for another size or hash, and the errors of {@linkcode hubFetch}
 */
export async function downloadBlob(hub: Hub, url: string, file: HubFile, blobs: string): Promise<void> {
  const blob = `${blobs}/${file.hash}`;
  if (await sizeOf(blob) === file.size) return;
  const partial = `${blob}.incomplete`;
  if ((await sizeOf(partial) ?? 0) > file.size) await Deno.remove(partial);
  for (let failures = 0;;) {
    using out = await Deno.open(partial, { create: true, append: true });
    const from = (await out.stat()).size;
    if (from === file.size) break;
    const cut = await append(hub, url, file, out, from);
    const now = (await out.stat()).size;
    if (now > file.size) break;
    if (cut === undefined && now === file.size) break;
    failures = now > from ? 0 : failures + 1;
    if (failures === TRIES) throw cut instanceof UserError ? cut : unreachable(hub, new URL(url), cut);
    await new Promise((resolve) => setTimeout(resolve, FIRST_DELAY_MS * 4 ** failures));
  }
  await check(hub, partial, file);
  await Deno.rename(partial, blob);
}

/**
 * Appends what the server sends, from byte `from` on.
 *
 * @returns what cut the connection
 */
async function append(hub: Hub, url: string, file: HubFile, out: Deno.FsFile, from: number): Promise<unknown> {
  const stalled = new AbortController();
  const watch = () => setTimeout(() => stalled.abort(), STALL_MS);
  let timer = watch();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const { status, body } = await hubFetch(hub, url, {
      headers: { "Accept-Encoding": "identity", ...(from > 0 ? { Range: `bytes=${from}-` } : {}) },
      signal: stalled.signal,
    });
    let at = from;
    if (from > 0 && status !== 206) {
      // The server does not know ranges.
      await out.truncate(0);
      at = 0;
    }
    reader = body?.getReader();
    while (reader !== undefined && at <= file.size) {
      const { done, value } = await reader.read();
      if (done) break;
      clearTimeout(timer);
      timer = watch();
      at += value.length;
      await writeAll(out, value);
    }
    return undefined;
  } catch (error) {
    if (error instanceof DiskError) throw error.cause;
    if (error instanceof UserError && error.code !== "hub.network") throw error;
    return error;
  } finally {
    clearTimeout(timer);
    await reader?.cancel().catch(() => {});
  }
}

/** A failure to write, as opposed to one to read from the network, whose error codes may be the same. */
class DiskError extends Error {}

async function writeAll(out: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) at += await out.write(bytes.subarray(at));
  } catch (cause) {
    throw new DiskError("", { cause });
  }
}

/** @throws UserError `hub.damaged`, and removes the file */
async function check({ failure }: Hub, path: string, { path: name, size, hash }: HubFile): Promise<void> {
  const isSha256 = hash.length === 64;
  const sum = createHash(isSha256 ? "sha256" : "sha1");
  if (!isSha256) sum.update(`blob ${size}\0`);
  let bytes = 0;
  for await (const piece of (await Deno.open(path)).readable) {
    bytes += piece.length;
    sum.update(piece);
  }
  const found = sum.digest("hex");
  if (bytes === size && found === hash) return;
  await Deno.remove(path);
  throw new UserError(
    "hub.damaged",
    `${failure}: "${name}" was damaged on its way: ${
      bytes === size ? `its hash is ${found}, not ${hash}` : `it has ${bytes} bytes, not ${size}`
    }`,
    "try again: the damaged file was removed",
  );
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await Deno.stat(path).catch(absent))?.size;
}

/** Runs `body` while no other process, Python's included, downloads the same file. */
export async function withBlobLock(locks: string, { hash }: HubFile, body: () => Promise<void>): Promise<void> {
  using lock = await Deno.open(`${locks}/${hash}.lock`, { create: true, write: true });
  await lock.lock(true);
  await body();
}

/** What the disk refused, as a sentence; undefined for any other error. */
export function diskError(failure: string, folder: string, error: unknown): UserError | undefined {
  const reason = systemReason(error);
  if (reason === undefined) return undefined;
  return new UserError(
    "hub.cache",
    `${failure}: the cache "${folder}" cannot be used: ${reason}`,
    "set HF_HOME to a folder on a disk with space, which may be written to; a download that was cut resumes",
  );
}
