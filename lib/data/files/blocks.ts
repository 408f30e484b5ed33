// Reads a file block by block, decompressing it, so that its size does not matter.
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "../../errors.ts";

const BLOCK_BYTES = 1 << 16;

/** What {@linkcode readBlocks} needs of an open file. */
export interface OpenFile {
  stat(): Promise<{ readonly size: number }>;
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * The bytes of a file in blocks, decompressed if its name ends in `.gz` (all members, if there are several).
 *
 * @throws UserError if it can't be read, changes while it is read, or is not gzip despite its name
 */
export async function* fileBlocks(path: string): AsyncGenerator<Uint8Array> {
  const blocks = plainBlocks(path);
  yield* path.toLowerCase().endsWith(".gz") ? unpacked(blocks, path) : blocks;
}

/** All of {@linkcode fileBlocks} as one array. */
export async function fileBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const blocks: Uint8Array[] = [];
  for await (const block of fileBlocks(path)) blocks.push(block);
  return joinBytes(blocks);
}

/** Concatenates byte arrays. */
export function joinBytes(blocks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const block of blocks) {
    joined.set(block, at);
    at += block.length;
  }
  return joined;
}

async function* plainBlocks(path: string): AsyncGenerator<Uint8Array> {
  try {
    using file = await Deno.open(path);
    yield* readBlocks(file, path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError("data.unreadable", `${path} cannot be read: ${reason}`, "Check the path and its permissions");
  }
}

/**
 * Reads an open file to its end.
 *
 * @throws UserError if its size changes meanwhile: half of a text must not pass for the whole
 */
export async function* readBlocks(file: OpenFile, path: string): AsyncGenerator<Uint8Array> {
  const { size } = await file.stat();
  let length = 0;
  while (length < size) {
    const block = new Uint8Array(Math.min(BLOCK_BYTES, size - length));
    const count = await file.read(block);
    if (count === null) break;
    length += count;
    yield block.subarray(0, count);
  }
  const after = (await file.stat()).size;
  if (length < size || after !== size) {
    throw new UserError(
      "data.changed",
      `${path} changed while it was read: it had ${size} bytes, then ${Math.min(length, after)}`,
      "Run again when nothing is writing to it, or use a copy",
    );
  }
}

async function* unpacked(blocks: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES });
  // Errors of either stream reach the reader of `gunzip`.
  pipeline(Readable.from(blocks), gunzip, () => {});
  try {
    for await (const block of gunzip) yield block as Uint8Array;
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      "data.bad-gzip",
      `${path} is not a complete gzip file: ${reason}`,
      "Download or compress it again",
    );
  } finally {
    gunzip.destroy();
  }
}
