// Puts GGUF files together byte by byte, right or wrong, independently of the writer.
import { type GgufType, TENSOR_TYPES } from "../../lib/gguf/types.ts";

export const join = (...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

function bytesFrom(size: number, write: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  write(view);
  return new Uint8Array(view.buffer);
}

export const u8 = (value: number) => Uint8Array.of(value);
export const i8 = (value: number) => bytesFrom(1, (view) => view.setInt8(0, value));
export const u16 = (value: number) => bytesFrom(2, (view) => view.setUint16(0, value, true));
export const i16 = (value: number) => bytesFrom(2, (view) => view.setInt16(0, value, true));
export const u32 = (value: number) => bytesFrom(4, (view) => view.setUint32(0, value, true));
export const i32 = (value: number) => bytesFrom(4, (view) => view.setInt32(0, value, true));
export const f32 = (value: number) => bytesFrom(4, (view) => view.setFloat32(0, value, true));
export const f64 = (value: number) => bytesFrom(8, (view) => view.setFloat64(0, value, true));
export const u64 = (value: number | bigint) => bytesFrom(8, (view) => view.setBigUint64(0, BigInt(value), true));
export const i64 = (value: number | bigint) => bytesFrom(8, (view) => view.setBigInt64(0, BigInt(value), true));
export const text = (value: string) => {
  const bytes = new TextEncoder().encode(value);
  return join(u64(bytes.length), bytes);
};

/** A metadata entry: its key, the number of its type, and its value's bytes. */
export const entry = (key: string, type: number, ...value: readonly Uint8Array[]) =>
  join(text(key), u32(type), ...value);
export const entryU32 = (key: string, value: number) => entry(key, 4, u32(value));
export const entryF32 = (key: string, value: number) => entry(key, 6, f32(value));
export const entryText = (key: string, value: string) => entry(key, 8, text(value));
export const entryTexts = (key: string, values: readonly string[]) =>
  entry(key, 9, u32(8), u64(values.length), ...values.map(text));

/** A tensor to list. */
export interface Listed {
  readonly name: string;
  /** Innermost first. */
  readonly dimensions: readonly (number | bigint)[];
  /** The type's name, or a number that is not one of the readable types. */
  readonly type: GgufType | number;
  readonly offset: number | bigint;
}

/** A tensor's place in the list. */
export const listed = ({ name, dimensions, type, offset }: Listed) =>
  join(
    text(name),
    u32(dimensions.length),
    ...dimensions.map(u64),
    u32(typeof type === "number" ? type : TENSOR_TYPES[type].id),
    u64(offset),
  );

/** A file. */
export function gguf({ version = 3, entries = [], tensors = [], data = new Uint8Array(0), alignment = 32 }: {
  readonly version?: number;
  readonly entries?: readonly Uint8Array[];
  readonly tensors?: readonly Listed[];
  readonly data?: Uint8Array;
  readonly alignment?: number;
}): Uint8Array<ArrayBuffer> {
  const header = join(
    new TextEncoder().encode("GGUF"),
    u32(version),
    u64(tensors.length),
    u64(entries.length),
    ...entries,
    ...tensors.map(listed),
  );
  return join(header, new Uint8Array(Math.ceil(header.length / alignment) * alignment - header.length), data);
}

/** A file of plain float32 tensors in their order. */
export function ggufOf(
  entries: readonly Uint8Array[],
  tensors: Readonly<
    Record<string, { readonly dimensions: readonly number[]; readonly values: Float32Array<ArrayBuffer> }>
  >,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const list: Listed[] = [];
  let offset = 0;
  for (const [name, { dimensions, values }] of Object.entries(tensors)) {
    list.push({ name, dimensions, type: "F32", offset });
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const padded = Math.ceil(bytes.length / 32) * 32;
    parts.push(bytes, new Uint8Array(padded - bytes.length));
    offset += padded;
  }
  return gguf({ entries, tensors: list, data: join(...parts) });
}

/** Runs `body` with the path of a temporary file with these bytes. */
export async function withFile(bytes: Uint8Array, body: (path: string) => void | Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".gguf" });
  try {
    await Deno.writeFile(path, bytes);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

/** The path of a committed file. */
export const fixture = (name: string): string => new URL(`fixtures/${name}`, import.meta.url).pathname;
