// The element types of safetensors: their sizes, and their values as typed arrays.
import { fromBfloat16, toBfloat16 } from "../bfloat16.ts";
import { UserError } from "../errors.ts";

/** Bytes of one element, by the type's name in the file: all types of safetensors 0.8. */
export const DTYPE_BYTES = {
  F4: 0.5,
  F6_E2M3: 0.75,
  F6_E3M2: 0.75,
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2: 1,
  F8_E5M2FNUZ: 1,
  F8_E8M0: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
  C64: 8,
} as const;

/** An element type's name in the file. */
export type Dtype = keyof typeof DTYPE_BYTES;

/** Whether `name` is an element type of the format. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(DTYPE_BYTES, name);
}

/** The arrays with the values of one element type. */
const ARRAYS = {
  F32: Float32Array,
  F64: Float64Array,
  I8: Int8Array,
  I16: Int16Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
  U16: Uint16Array,
  U32: Uint32Array,
  U64: BigUint64Array,
} as const;

/** A tensor's values in memory. */
export type TensorData = (typeof ARRAYS)[keyof typeof ARRAYS]["prototype"];

/** The element type for writing `data`. */
export function dtypeOf(data: TensorData): Dtype {
  return Object.entries(ARRAYS).find(([, type]) => data instanceof type)![0] as Dtype;
}

/**
 * The values in `buffer` (little-endian, as in the file). F16 and BF16 become float32, exactly; F8, F6, F4 and C64 have
 * no array in JavaScript and stay bytes.
 */
export function decodeData(dtype: Dtype, buffer: ArrayBuffer): TensorData {
  if (dtype === "F16") return fromFloat16(new Uint16Array(buffer));
  if (dtype === "BF16") {
    const values = new Float32Array(buffer.byteLength / 2);
    fromBfloat16(new Uint16Array(buffer), values);
    return values;
  }
  return new (dtype in ARRAYS ? ARRAYS[dtype as keyof typeof ARRAYS] : Uint8Array)(buffer);
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function fromFloat16(halves: Uint16Array, into: Float32Array = new Float32Array(halves.length)): Float32Array {
  into.set(new Float16Array(halves.buffer, halves.byteOffset, halves.length));
  return into;
}

/** The element types that weights are read from and written as. */
export const WEIGHT_DTYPES = ["F32", "F16", "BF16"] as const;
export type WeightDtype = (typeof WEIGHT_DTYPES)[number];

/** Names of the weight types in PyTorch and `config.json`. */
export const TORCH_DTYPES = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const;

/** Whether weights can have this type. */
export function isWeightDtype(dtype: Dtype): dtype is WeightDtype {
  return (WEIGHT_DTYPES as readonly string[]).includes(dtype);
}

/** The error for a weight of a type that cannot be read as weights. */
export function dtypeError(path: string, name: string, dtype: Dtype): UserError {
  return new UserError(
    "model.dtype",
    `Cannot read the weight ${JSON.stringify(name)} in "${path}": its type is ${dtype}, and weights are read as ` +
      `${WEIGHT_DTYPES.join(", ")}`,
    "Convert the model first: in Python, load it with dtype=torch.bfloat16 and save it with save_pretrained()",
  );
}

/** Converts `bytes` to float32, exactly, into `into`, which has one element per value. */
export function decodeWeights(dtype: WeightDtype, bytes: Uint8Array, into: Float32Array): void {
  if (dtype === "F32") new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(bytes);
  else {
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    if (dtype === "F16") fromFloat16(halves, into);
    else fromBfloat16(halves, into);
  }
}

/**
 * Values as bytes of `dtype`, little-endian, rounded to nearest, ties to even.
 *
 * @param into where to put the bytes, of that length; not used for float32, whose own bytes are returned
 */
export function encodeWeights(dtype: WeightDtype, values: Float32Array, into?: Uint8Array): Uint8Array {
  if (dtype === "F32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bytes = into ?? new Uint8Array(2 * values.length);
  if (dtype === "F16") new Float16Array(bytes.buffer, bytes.byteOffset, values.length).set(values);
  else toBfloat16(values, new Uint16Array(bytes.buffer, bytes.byteOffset, values.length));
  return bytes;
}

/** The first finite value that became infinite as bytes of a smaller type; -1 if there is none. */
export function overflowAt(dtype: WeightDtype, values: Float32Array, bytes: Uint8Array): number {
  if (dtype === "F32") return -1;
  const exponent = dtype === "F16" ? 0x7c00 : 0x7f80;
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, values.length);
  return halves.findIndex((half, i) => (half & exponent) === exponent && Number.isFinite(values[i]));
}
