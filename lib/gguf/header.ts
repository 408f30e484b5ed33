// The header of a GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): metadata and where the tensors
// lie. Every claim is checked before any data is read.
import { Cursor } from "./cursor.ts";
import {
  bytesOf,
  DEFAULT_ALIGNMENT,
  ggufError,
  type GgufType,
  type Metadata,
  type MetadataValue,
  TENSOR_TYPES,
  tensorType,
  VALUE_TYPES,
} from "./types.ts";

/** The magic number of a GGUF file, at its start. */
const MAGIC = 0x46554747; // "GGUF"

/** Limits far above any real file, so that a damaged count cannot exhaust memory. */
const MOST = {
  tensors: 100_000,
  entries: 100_000,
  /** Elements of one array: vocabularies have up to a million. */
  elements: 10_000_000,
  /** Values of all metadata. */
  values: 10_000_000,
  keyBytes: 65_535,
  nameBytes: 1024,
  depth: 8,
  dimensions: 4,
  alignment: 1 << 20,
} as const;

/** Bytes that a metadata value of each type takes at least, by the number of its type. */
const LEAST_BYTES = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8] as const;

/** A tensor's place in the file. */
export interface GgufTensor {
  readonly type: GgufType;
  /** Row-major, outermost first, as in Hugging Face; the file lists the innermost first. */
  readonly shape: readonly number[];
  /** Position of its first byte in the file. */
  readonly start: number;
  readonly bytes: number;
}

/** A checked header. */
export interface GgufHeader {
  readonly version: 2 | 3;
  readonly metadata: Metadata;
  /** By name, in the order of the file's list. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/**
 * Reads and checks the header of an opened file.
 *
 * @param bytes size of the file
 * @throws UserError naming the file and what breaks the format, or which tensor type cannot be read
 */
export function readHeader(path: string, file: Deno.FsFile, bytes: number): GgufHeader {
  const cursor = new Cursor(path, file, bytes);
  const version = readVersion(cursor, bytes);
  const tensorCount = cursor.count("tensors", 32, MOST.tensors);
  const entryCount = cursor.count("metadata entries", 13, MOST.entries);
  const metadata = readMetadata(cursor, entryCount);
  const listed = Array.from({ length: tensorCount }, (_, i) => readTensor(cursor, i));
  const alignment = alignmentOf(path, metadata);
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  return { version, metadata, tensors: placeTensors(path, listed, alignment, dataStart, bytes) };
}

function readVersion(cursor: Cursor, bytes: number): 2 | 3 {
  const { path } = cursor;
  if (bytes < 24) throw ggufError(path, "too-short", `it has ${bytes} bytes, and a GGUF file has at least 24`);
  if (cursor.u32() !== MAGIC) {
    throw ggufError(path, "magic", 'it does not start with "GGUF", so it is not a GGUF file', "Check the path");
  }
  const version = cursor.u32();
  if (version === 2 || version === 3) return version;
  if ((version & 0xffff) === 0) {
    throw ggufError(
      path,
      "big-endian",
      "it is big-endian, and little-endian files are read",
      "Convert it with gguf-convert-endian from Python's gguf package",
    );
  }
  throw ggufError(
    path,
    "version",
    `it has version ${version} of the format, and versions 2 and 3 are read`,
    "Convert the model again with a current llama.cpp",
  );
}

function readMetadata(cursor: Cursor, count: number): Metadata {
  const metadata = new Map<string, MetadataValue>();
  const budget = { values: MOST.values };
  for (let i = 0; i < count; i++) {
    const key = cursor.string(`key ${i} of the metadata`, MOST.keyBytes);
    if (metadata.has(key)) throw ggufError(cursor.path, "duplicate", `its metadata has ${JSON.stringify(key)} twice`);
    metadata.set(key, readValue(cursor, cursor.u32(), `the metadata ${JSON.stringify(key)}`, 0, budget));
  }
  return metadata;
}

function readValue(
  cursor: Cursor,
  type: number,
  where: string,
  depth: number,
  budget: { values: number },
): MetadataValue {
  if (--budget.values < 0) {
    throw ggufError(cursor.path, "count", `its metadata has more values than the limit of ${MOST.values}`);
  }
  switch (type) {
    case VALUE_TYPES.u8:
      return cursor.u8();
    case VALUE_TYPES.i8:
      return cursor.i8();
    case VALUE_TYPES.u16:
      return cursor.u16();
    case VALUE_TYPES.i16:
      return cursor.i16();
    case VALUE_TYPES.u32:
      return cursor.u32();
    case VALUE_TYPES.i32:
      return cursor.i32();
    case VALUE_TYPES.f32:
      return cursor.f32();
    case VALUE_TYPES.bool:
      return cursor.bool(where);
    case VALUE_TYPES.string:
      return cursor.string(where);
    case VALUE_TYPES.u64:
      return cursor.u64();
    case VALUE_TYPES.i64:
      return cursor.i64();
    case VALUE_TYPES.f64:
      return cursor.f64();
    case VALUE_TYPES.array: {
      if (depth === MOST.depth) {
        throw ggufError(cursor.path, "depth", `${where} nests arrays more than ${MOST.depth} deep`);
      }
      const inner = cursor.u32();
      checkValueType(cursor.path, inner, where);
      const count = cursor.count(`elements for ${where}`, LEAST_BYTES[inner]!, MOST.elements);
      const values: MetadataValue[] = [];
      for (let i = 0; i < count; i++) values.push(readValue(cursor, inner, where, depth + 1, budget));
      return values;
    }
    default:
      checkValueType(cursor.path, type, where);
      throw new TypeError(`The value type ${type} is listed but not read`);
  }
}

function checkValueType(path: string, type: number, where: string): void {
  if (type < LEAST_BYTES.length) return;
  throw ggufError(path, "value-type", `${where} has the type ${type}, and the format's types are 0 to 12`);
}

/** A tensor as the file lists it. */
interface ListedTensor {
  readonly name: string;
  readonly type: GgufType;
  readonly shape: readonly number[];
  /** Bytes from the start of the data section. */
  readonly offset: number;
  readonly bytes: number;
}

function readTensor(cursor: Cursor, index: number): ListedTensor {
  const { path } = cursor;
  const name = cursor.string(`the name of tensor ${index}`, MOST.nameBytes);
  const quoted = JSON.stringify(name);
  const rank = cursor.u32();
  if (rank < 1 || rank > MOST.dimensions) {
    throw ggufError(path, "rank", `tensor ${quoted} has ${rank} dimensions, and a tensor has 1 to ${MOST.dimensions}`);
  }
  const dimensions = Array.from({ length: rank }, () => cursor.u64());
  const elements = dimensions.reduce<number>((product, size) => product * Number(size), 1);
  if (elements === 0 || !Number.isSafeInteger(elements)) {
    throw ggufError(path, "shape", `tensor ${quoted} has the impossible dimensions ${dimensions.join(" × ")}`);
  }
  const type = tensorType(path, name, cursor.u32());
  const { block } = TENSOR_TYPES[type];
  const row = Number(dimensions[0]);
  if (row % block !== 0) {
    throw ggufError(path, "block", `tensor ${quoted} has rows of ${row} values, and ${type} packs ${block} at a time`);
  }
  const offset = cursor.u64();
  if (typeof offset === "bigint") {
    throw ggufError(path, "truncated", `tensor ${quoted} starts at byte ${offset} of the data, after the end`);
  }
  return { name, type, shape: dimensions.map(Number).reverse(), offset, bytes: bytesOf(type, elements) };
}

function alignmentOf(path: string, metadata: Metadata): number {
  const alignment = metadata.get("general.alignment") ?? DEFAULT_ALIGNMENT;
  const isPower = typeof alignment === "number" && alignment > 0 && Number.isInteger(Math.log2(alignment));
  if (isPower && alignment >= 8 && alignment <= MOST.alignment) return alignment;
  throw ggufError(
    path,
    "alignment",
    `its general.alignment is ${alignment}, which must be a power of two from 8 to ${MOST.alignment}`,
  );
}

/** Checks that the tensors are aligned, inside the file and apart from each other. */
function placeTensors(
  path: string,
  listed: readonly ListedTensor[],
  alignment: number,
  dataStart: number,
  fileBytes: number,
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (const { name, type, shape, offset, bytes } of listed) {
    const quoted = JSON.stringify(name);
    if (tensors.has(name)) throw ggufError(path, "duplicate", `it has two tensors named ${quoted}`);
    if (offset % alignment !== 0) {
      throw ggufError(
        path,
        "misaligned",
        `tensor ${quoted} starts at byte ${offset} of the data, not at a multiple of ${alignment}`,
      );
    }
    const start = dataStart + offset;
    if (start + bytes > fileBytes) {
      throw ggufError(
        path,
        "truncated",
        `tensor ${quoted} ends at byte ${start + bytes}, and the file has ${fileBytes} bytes`,
      );
    }
    tensors.set(name, { type, shape, start, bytes });
  }
  const inOrder = [...tensors].sort(([, a], [, b]) => a.start - b.start);
  for (const [i, [name, { start }]] of inOrder.entries()) {
    const [before, { start: from, bytes }] = inOrder[i - 1] ?? ["", { start: 0, bytes: 0 }];
    if (i > 0 && from + bytes > start) {
      throw ggufError(path, "overlap", `tensors ${JSON.stringify(before)} and ${JSON.stringify(name)} overlap`);
    }
  }
  return tensors;
}
