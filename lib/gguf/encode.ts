// Bytes of a GGUF file's header (version 3): typed metadata entries and the list of tensors.
import { bytesOf, DEFAULT_ALIGNMENT, type GgufType, TENSOR_TYPES, VALUE_TYPES } from "./types.ts";

/** An encoded metadata entry. */
export type Entry = Uint8Array;

/** An integer from 0 to 2^32 - 1. */
export const u32 = (key: string, value: number): Entry => entry(key, "u32", u32Bytes(value));
export const f32 = (key: string, value: number): Entry =>
  entry(key, "f32", new Uint8Array(Float32Array.of(value).buffer));
export const bool = (key: string, value: boolean): Entry => entry(key, "bool", Uint8Array.of(value ? 1 : 0));
export const string = (key: string, value: string): Entry => entry(key, "string", stringBytes(value));
export const strings = (key: string, values: readonly string[]): Entry =>
  entry(key, "array", arrayHead("string", values.length), ...values.map(stringBytes));
export const i32s = (key: string, values: readonly number[]): Entry =>
  entry(key, "array", arrayHead("i32", values.length), new Uint8Array(Int32Array.from(values).buffer));

/** A tensor to write. */
export interface TensorPlan {
  readonly name: string;
  readonly type: GgufType;
  /** Row-major, outermost first. */
  readonly shape: readonly number[];
}

/** Size of a tensor's data. */
export const planBytes = ({ type, shape }: TensorPlan): number => bytesOf(type, shape.reduce((a, b) => a * b, 1));

/** Bytes from the end of something of `bytes` bytes to the next place where a tensor may start. */
export const padding = (bytes: number): number => Math.ceil(bytes / DEFAULT_ALIGNMENT) * DEFAULT_ALIGNMENT - bytes;

/** The header of a file, padded to where the first tensor starts. Tensors follow in their order, each padded. */
export function encodeHeader(entries: readonly Entry[], tensors: readonly TensorPlan[]): Uint8Array {
  let offset = 0;
  const listed = tensors.map((tensor) => {
    const { name, type, shape } = tensor;
    const bytes = concat([
      stringBytes(name),
      u32Bytes(shape.length),
      ...shape.toReversed().map(u64Bytes),
      u32Bytes(TENSOR_TYPES[type].id),
      u64Bytes(offset),
    ]);
    offset += planBytes(tensor) + padding(planBytes(tensor));
    return bytes;
  });
  const header = concat([
    new TextEncoder().encode("GGUF"),
    u32Bytes(3),
    u64Bytes(tensors.length),
    u64Bytes(entries.length),
    ...entries,
    ...listed,
  ]);
  return concat([header, new Uint8Array(padding(header.length))]);
}

function entry(key: string, type: keyof typeof VALUE_TYPES, ...value: readonly Uint8Array[]): Entry {
  return concat([stringBytes(key), u32Bytes(VALUE_TYPES[type]), ...value]);
}

const arrayHead = (type: keyof typeof VALUE_TYPES, length: number) =>
  concat([u32Bytes(VALUE_TYPES[type]), u64Bytes(length)]);

const u32Bytes = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const u64Bytes = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);

function stringBytes(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return concat([u64Bytes(bytes.length), bytes]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
