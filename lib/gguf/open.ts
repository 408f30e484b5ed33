// Opens a GGUF file: the header at once, tensors one at a time.
import { openForReading } from "../huggingface/mod.ts";
import { readAt } from "./cursor.ts";
import { dequantize } from "./dequantize.ts";
import { type GgufHeader, type GgufTensor, readHeader } from "./header.ts";
import { bytesOf, ggufError, TENSOR_TYPES } from "./types.ts";

/** Bytes of a tensor that are in memory at a time, besides its values. */
const PIECE = 1 << 22;

/** An open file. */
export interface GgufFile extends GgufHeader, Disposable {
  readonly path: string;
  /**
   * Reads elements `begin` to `end` (exclusive) of a tensor as float32, by default all, piece by piece, with the values
   * of Python's `gguf.quants.dequantize`.
   *
   * @param name a key of `tensors`
   * @throws UserError when the file became shorter or cannot be read
   */
  read(name: string, begin?: number, end?: number): Float32Array<ArrayBuffer>;
  /** The bytes of elements `begin` to `end` (exclusive) of a tensor, whole blocks, as stored. */
  readBytes(name: string, begin: number, end: number): Uint8Array<ArrayBuffer>;
}

/**
 * Opens a file and checks its header. It stays open until it is disposed of.
 *
 * @throws UserError naming the file and the problem
 */
export async function openGguf(path: string): Promise<GgufFile> {
  const { file, bytes } = await openForReading(path);
  try {
    const header = readHeader(path, file, bytes);
    return {
      path,
      ...header,
      read: (name, begin, end) => readTensor(path, file, header, name, begin, end),
      readBytes: (name, begin, end) => readBlocks(path, file, header, name, begin, end),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The tensor of a name. */
function tensorOf(path: string, { tensors }: GgufHeader, name: string): GgufTensor {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new TypeError(`"${path}" has no tensor ${JSON.stringify(name)}`);
  return tensor;
}

function readBlocks(
  path: string,
  file: Deno.FsFile,
  header: GgufHeader,
  name: string,
  begin: number,
  end: number,
): Uint8Array<ArrayBuffer> {
  const { type, start } = tensorOf(path, header, name);
  const bytes = new Uint8Array(bytesOf(type, end - begin));
  fill(path, file, name, start + bytesOf(type, begin), bytes);
  return bytes;
}

/** Reads bytes of a tensor from a position in the file. */
function fill(path: string, file: Deno.FsFile, name: string, position: number, bytes: Uint8Array): void {
  if (readAt(path, file, position, bytes) < bytes.length) {
    throw ggufError(path, "shrank", `it became shorter while tensor ${JSON.stringify(name)} was read`);
  }
}

function readTensor(
  path: string,
  file: Deno.FsFile,
  header: GgufHeader,
  name: string,
  begin = 0,
  end?: number,
): Float32Array<ArrayBuffer> {
  const { type, shape, start } = tensorOf(path, header, name);
  const { block, bytes: blockBytes } = TENSOR_TYPES[type];
  const last = end ?? shape.reduce((a, b) => a * b, 1);
  // Whole blocks, of which the ends may not be wanted.
  const [from, to] = [Math.floor(begin / block), Math.ceil(last / block)];
  const values = new Float32Array((to - from) * block);
  const bytes = (to - from) * blockBytes;
  const piece = new Uint8Array(Math.min(bytes, Math.floor(PIECE / blockBytes) * blockBytes));
  for (let done = 0; done < bytes; done += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, bytes - done));
    fill(path, file, name, start + from * blockBytes + done, part);
    const first = done / blockBytes * block;
    dequantize(type, part, values.subarray(first, first + part.length / blockBytes * block));
  }
  return values.subarray(begin - from * block, last - from * block);
}
