// safetensors files: every claim is checked on reading, and equal tensors are written as equal bytes.
import { decodeData, type Dtype, DTYPE_BYTES, dtypeOf, type TensorData } from "./dtypes.ts";
import { openForReading, readFully, writeAtomically } from "./files.ts";
import { headerLength, parseHeader, safetensorsError, type SafetensorsHeader } from "./header.ts";

/** A tensor read from a file. */
export interface LoadedTensor {
  /** The stored type; the values of F16 and BF16 are float32. */
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** A tensor to write. */
export interface TensorToSave {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/**
 * Reads names, types, shapes and positions of the tensors, and the metadata, but no data.
 *
 * @throws UserError when the file is missing or breaks the format
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  const { file, bytes } = await openForReading(path);
  try {
    return await readHeader(path, file, bytes);
  } finally {
    file.close();
  }
}

/**
 * Reads all tensors of a file, in the order of their data, each into its own buffer.
 *
 * @throws UserError when the file is missing or breaks the format
 */
export async function readSafetensors(
  path: string,
): Promise<{ tensors: Map<string, LoadedTensor>; metadata: Readonly<Record<string, string>> }> {
  const { file, bytes } = await openForReading(path);
  try {
    const header = await readHeader(path, file, bytes);
    const tensors = new Map<string, LoadedTensor>();
    // The tensors tile the data section, so reading sequentially reads them in order.
    for (const [name, { dtype, shape, begin, end }] of header.tensors) {
      const buffer = new ArrayBuffer(end - begin);
      if (await readFully(file, new Uint8Array(buffer)) < end - begin) {
        throw safetensorsError(path, "shrank", `it became shorter while tensor ${JSON.stringify(name)} was read`);
      }
      tensors.set(name, { dtype, shape, data: decodeData(dtype, buffer) });
    }
    return { tensors, metadata: header.metadata };
  } finally {
    file.close();
  }
}

/** Reads the header of a newly opened file. */
export async function readHeader(path: string, file: Deno.FsFile, bytes: number): Promise<SafetensorsHeader> {
  const prefix = new Uint8Array(8);
  const got = await readFully(file, prefix);
  const json = new Uint8Array(headerLength(path, prefix.subarray(0, got), bytes));
  if (await readFully(file, json) < json.length) {
    throw safetensorsError(path, "shrank", "it became shorter while its header was read");
  }
  return parseHeader(path, json, bytes);
}

/**
 * Writes tensors atomically. The bytes depend only on names, shapes and values: names are sorted by code unit, larger
 * element types come first so that all data is aligned, and the header is padded to 8 bytes.
 *
 * @throws UserError when the file cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, TensorToSave>> | ReadonlyMap<string, TensorToSave>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const entries = sortedEntries(tensors).sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const header = encodeHeader(
    entries.map(([name, { shape, data }]) => ({ name, shape, dtype: dtypeOf(data) })),
    metadata,
  );
  const total = header.length + entries.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
  await writeAtomically(path, chunksOf(header, entries), total);
}

/** Tensors sorted by the code units of their names; checks that their sizes match their shapes. */
export function sortedEntries<T extends TensorToSave>(
  tensors: Readonly<Record<string, T>> | ReadonlyMap<string, T>,
): [string, T][] {
  const entries: [string, T][] = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  for (const [name, { shape, data }] of entries) {
    if (name === "__metadata__") throw new TypeError("A tensor cannot be named __metadata__");
    const size = shape.reduce((product, size) => product * size, 1);
    if (size !== data.length) {
      throw new TypeError(`Tensor "${name}" of shape [${shape}] needs ${size} values, not ${data.length}`);
    }
  }
  return entries.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}

/** The bytes of `data` in pieces that can be written and hashed, even if the data is in shared memory. */
export function* byteChunks(data: TensorData): Generator<Uint8Array<ArrayBuffer>> {
  const CHUNK = 1 << 22;
  for (let at = 0; at < data.byteLength; at += CHUNK) {
    const view = new Uint8Array(data.buffer, data.byteOffset + at, Math.min(CHUNK, data.byteLength - at));
    yield view.buffer instanceof ArrayBuffer
      ? view as Uint8Array<ArrayBuffer>
      : view.slice() as Uint8Array<ArrayBuffer>;
  }
}

/** Name, type and shape of a tensor to write. */
export interface PlannedTensor {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** Size of a tensor's data in bytes. */
export function bytesOf({ dtype, shape }: Pick<PlannedTensor, "dtype" | "shape">): number {
  return shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
}

/** The header of a file with these tensors, whose data follows in the same order. */
export function encodeHeader(
  tensors: readonly PlannedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const fields: [string, unknown][] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) fields.push(["__metadata__", Object.fromEntries(keys.map((key) => [key, metadata[key]]))]);
  let begin = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = begin + bytesOf({ dtype, shape });
    fields.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    begin = end;
  }
  // Not one JSON.stringify(), because an object would move keys such as "1" to the front.
  const text = `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
  const json = new TextEncoder().encode(text);
  const padded = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + padded).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(padded), true);
  header.set(json, 8);
  return header;
}

function* chunksOf(header: Uint8Array, entries: readonly [string, TensorToSave][]): Generator<Uint8Array> {
  yield header;
  for (const [, { data }] of entries) yield* byteChunks(data);
}
