// The types of GGUF: tensor types with the sizes of their blocks, and the types of metadata values.
import { UserError } from "../errors.ts";

/** Values per block and bytes per block of the tensor types that are read, by their names in ggml. */
export const TENSOR_TYPES = {
  F32: { id: 0, block: 1, bytes: 4 },
  F16: { id: 1, block: 1, bytes: 2 },
  Q4_0: { id: 2, block: 32, bytes: 18 },
  Q4_1: { id: 3, block: 32, bytes: 20 },
  Q5_0: { id: 6, block: 32, bytes: 22 },
  Q5_1: { id: 7, block: 32, bytes: 24 },
  Q8_0: { id: 8, block: 32, bytes: 34 },
  Q2_K: { id: 10, block: 256, bytes: 84 },
  Q3_K: { id: 11, block: 256, bytes: 110 },
  Q4_K: { id: 12, block: 256, bytes: 144 },
  Q5_K: { id: 13, block: 256, bytes: 176 },
  Q6_K: { id: 14, block: 256, bytes: 210 },
  BF16: { id: 30, block: 1, bytes: 2 },
} as const;

/** A tensor type that is read. */
export type GgufType = keyof typeof TENSOR_TYPES;

/** The names of all tensor types that are read. */
export const TYPE_NAMES = Object.keys(TENSOR_TYPES) as GgufType[];

const BY_ID: ReadonlyMap<number, GgufType> = new Map(TYPE_NAMES.map((name) => [TENSOR_TYPES[name].id, name]));

/** The tensor types of ggml that are not read. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  4: "Q4_2",
  5: "Q4_3",
  9: "Q8_1",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
  40: "NVFP4",
  41: "Q1_0",
};

/**
 * The tensor type of a number in a file.
 *
 * @throws UserError `gguf.type` naming the type, for one that is not read
 */
export function tensorType(path: string, tensor: string, id: number): GgufType {
  const type = BY_ID.get(id);
  if (type !== undefined) return type;
  const name = OTHER_TYPES[id] ?? `number ${id}, which ggml does not define`;
  throw new UserError(
    "gguf.type",
    `Cannot read "${path}": its tensor ${JSON.stringify(tensor)} has the type ${name}`,
    `Use a file whose tensors are ${TYPE_NAMES.join(", ")}`,
  );
}

/** Bytes of `elements` values, a whole number of blocks. */
export function bytesOf(type: GgufType, elements: number): number {
  const { block, bytes } = TENSOR_TYPES[type];
  return elements / block * bytes;
}

/** A block being read: its bytes, and 16-bit floats over the same memory. */
export interface BlockSource {
  readonly bytes: Uint8Array;
  readonly halves: Float16Array;
}

/**
 * Writes the values of one block.
 *
 * @param at index of the block's first byte, even
 * @param to index of its first value in `into`
 */
export type BlockReader = (source: BlockSource, at: number, into: Float32Array, to: number) => void;

/** The numbers of the types of metadata values. */
export const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

/** A metadata value. 64-bit integers are numbers where they are exact, otherwise big integers. */
export type MetadataValue = number | bigint | boolean | string | readonly MetadataValue[];

/** Metadata by key, such as `general.architecture`. */
export type Metadata = ReadonlyMap<string, MetadataValue>;

/** Boundary in bytes on which tensors start unless `general.alignment` says otherwise. */
export const DEFAULT_ALIGNMENT = 32;

/** The error for a file that breaks the format. */
export function ggufError(path: string, kind: string, what: string, hint?: string): UserError {
  return new UserError(
    `gguf.${kind}`,
    `Cannot read "${path}": ${what}`,
    hint ?? "The file is damaged, truncated or not a GGUF file: download or write it again",
  );
}
