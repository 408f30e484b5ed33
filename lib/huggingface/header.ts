// The header of a safetensors file: parses it and checks every claim without reading the data.
import { UserError } from "../errors.ts";
import { type Dtype, DTYPE_BYTES, isDtype } from "./dtypes.ts";
import { parseStrictJson } from "./strict-json.ts";

/** The format's own limit, which keeps a malicious header from exhausting memory. */
const MAX_HEADER_BYTES = 100_000_000;

/** Type, shape and position of a tensor in a file. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Bytes from the start of the data section. */
  readonly begin: number;
  readonly end: number;
}

/** A checked header. */
export interface SafetensorsHeader {
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Position of the data section in the file, in bytes. */
  readonly dataStart: number;
}

/** The error for a file that breaks the format. */
export function safetensorsError(path: string, kind: string, what: string): UserError {
  return new UserError(
    `safetensors.${kind}`,
    `Cannot read "${path}": ${what}`,
    "The file is damaged, truncated or not a safetensors file: download or write it again",
  );
}

/**
 * The length of the JSON in bytes, from the first 8 bytes of the file.
 *
 * @throws UserError when the length is impossible for a file of `fileBytes` bytes
 */
export function headerLength(path: string, prefix: Uint8Array, fileBytes: number): number {
  if (fileBytes < 8 || prefix.length < 8) {
    throw safetensorsError(path, "too-short", `it has ${fileBytes} bytes, and a safetensors file has at least 8`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    const what = `its header claims ${length} bytes, more than the format's limit of ${MAX_HEADER_BYTES}`;
    throw safetensorsError(path, "header-too-large", what);
  }
  if (8 + Number(length) > fileBytes) {
    const what = `its header claims ${length} bytes, but only ${fileBytes - 8} bytes follow`;
    throw safetensorsError(path, "header-too-long", what);
  }
  return Number(length);
}

/**
 * Parses and checks the JSON of a header: the tensors must tile the data section exactly, without gap or overlap.
 *
 * @param json the header without the 8 bytes of its length
 * @throws UserError naming the file, the tensor and the problem
 */
export function parseHeader(path: string, json: Uint8Array<ArrayBuffer>, fileBytes: number): SafetensorsHeader {
  if (json[0] !== 0x7b) throw safetensorsError(path, "not-an-object", 'its header does not start with "{"');
  let root: object;
  try {
    root = parseStrictJson(json) as object;
  } catch (error) {
    throw safetensorsError(path, "bad-header", `in its header, ${(error as Error).message}`);
  }
  let metadata: Record<string, string> = {};
  const entries: [string, TensorEntry][] = [];
  for (const [name, value] of Object.entries(root)) {
    // Python's safetensors reads null as no metadata.
    if (name === "__metadata__") metadata = value === null ? {} : checkMetadata(path, value);
    else entries.push([name, checkEntry(path, name, value)]);
  }
  const dataStart = 8 + json.length;
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkTiling(path, entries, fileBytes - dataStart);
  return { tensors: new Map(entries), metadata, dataStart };
}

function checkMetadata(path: string, value: unknown): Record<string, string> {
  if (!isObject(value)) throw safetensorsError(path, "bad-metadata", "its __metadata__ is not an object");
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") {
      const what = `its metadata ${JSON.stringify(key)} is not a string but ${JSON.stringify(text)}`;
      throw safetensorsError(path, "bad-metadata", what);
    }
  }
  return value as Record<string, string>;
}

function checkEntry(path: string, name: string, value: unknown): TensorEntry {
  const where = `tensor ${JSON.stringify(name)}`;
  const fail = (kind: string, what: string) => safetensorsError(path, kind, `${where} ${what}`);
  const stated = (value: unknown) => JSON.stringify(value) ?? "none";
  if (!isObject(value)) throw fail("bad-tensor", "is not described by an object");
  const unknown = Object.keys(value).find((key) => !["dtype", "shape", "data_offsets"].includes(key));
  if (unknown !== undefined) {
    throw fail("bad-tensor", `has the unknown key ${JSON.stringify(unknown)}`);
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    throw fail("bad-dtype", `has dtype ${stated(dtype)}; the known ones are ${Object.keys(DTYPE_BYTES).join(", ")}`);
  }
  if (!isSizes(shape)) {
    throw fail("bad-shape", `has shape ${stated(shape)}, and a shape is a list of whole numbers from 0`);
  }
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw fail("bad-offsets", `has data_offsets ${stated(offsets)}, and they are two whole numbers from 0`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw fail("bad-offsets", `ends at ${end}, before its start at ${begin}`);
  // Exact even where the product exceeds 2^53.
  const bits = shape.reduce((product, size) => product * BigInt(size), BigInt(8 * DTYPE_BYTES[dtype]));
  if (bits !== 8n * BigInt(end - begin)) {
    const needed = bits % 8n === 0n ? `${bits / 8n} bytes` : `${bits} bits`;
    const described = `of shape [${shape.join(", ")}] and dtype ${dtype}`;
    throw fail("bad-size", `${described} needs ${needed}, but its offsets ${begin} to ${end} hold ${end - begin}`);
  }
  return { dtype, shape, begin, end };
}

function checkTiling(path: string, entries: readonly [string, TensorEntry][], dataBytes: number): void {
  let covered = 0;
  for (const [name, { begin, end }] of entries) {
    const where = `tensor ${JSON.stringify(name)}`;
    if (end > dataBytes) {
      const what = `${where} ends at byte ${end} of the data, but the file holds only ${dataBytes}`;
      throw safetensorsError(path, "outside", what);
    }
    if (begin < covered) {
      throw safetensorsError(path, "overlap", `${where} starts at byte ${begin}, inside the tensor before it`);
    }
    if (begin > covered) {
      throw safetensorsError(path, "hole", `bytes ${covered} to ${begin} before ${where} belong to no tensor`);
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    throw safetensorsError(path, "not-to-the-end", `bytes ${covered} to ${dataBytes} at its end belong to no tensor`);
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
