// Weights on the device for inference: matrices packed, one after another, never all in host memory as float32.
import type * as tf from "@tensorflow/tfjs";
import {
  checkRoom,
  encodedRows,
  fitsFormat,
  FORMAT_OF,
  holdsExactly,
  packedBytes,
  type PackedFormat,
  packedTensor,
  rowBytes,
  type RowSource,
  streamedTensor,
} from "../tensor/mod.ts";
import { disposeWeights, type HostTensor, type HostWeights, owned, type OwnedWeights, toDevice } from "./weights.ts";

/** How matrices are held for inference: as they are stored, or rounded or quantized to one format. */
export const WEIGHT_FORMATS = ["stored", "f32", "f16", "bf16", "q8", "q4"] as const;
export type WeightFormat = typeof WEIGHT_FORMATS[number];
/** A format that weights of any type can be packed in. */
export type PackedWeights = Exclude<WeightFormat, "stored">;

const PACKED = { f32: "F32", f16: "F16", bf16: "BF16", q8: "Q8_0", q4: "Q4" } as const satisfies Record<
  Exclude<WeightFormat, "stored">,
  PackedFormat
>;

/** A weight that has not been read. */
export interface StoredWeight {
  readonly shape: readonly number[];
  /** The rows of a matrix as they are stored, if a format holds their numbers exactly. */
  readonly rows?: RowSource;
  /** Elements `begin` to `end` (exclusive) as float32; of a matrix, whole rows. */
  readonly values: (begin: number, end: number) => Float32Array<ArrayBuffer>;
}

/** Whether a weight is a matrix of a product or an embedding table, by its name; norms and biases are held as float32. */
function isMatrix(name: string, shape: readonly number[]): boolean {
  return shape.length === 2 && /(_proj|embed_tokens|lm_head)\.weight$/.test(name);
}

/** The format that a matrix `[out, in]` is held in: float32 where its rows are not whole blocks. */
export function heldFormat(
  wanted: WeightFormat,
  { shape, rows }: Pick<StoredWeight, "shape" | "rows">,
): PackedFormat {
  const format = wanted === "stored" ? rows === undefined ? "F32" : FORMAT_OF[rows.type] : PACKED[wanted];
  return fitsFormat(format, shape[1]!) ? format : "F32";
}

/**
 * Puts weights on the device for inference. Matrices are packed: products with them have the same bits for any number of
 * rows on the CPU device.
 *
 * @param what names the model in errors
 * @param wanted how matrices are held. @default "stored", exactly as they are stored where a format can hold that
 * @throws UserError `device.room` if there is not enough memory, before anything is read; `tensor.packed` for a value that
 *   the format cannot hold; and the errors of reading
 */
export function storedToDevice(
  stored: Readonly<Record<string, StoredWeight>>,
  what: string,
  wanted: WeightFormat = "stored",
): OwnedWeights {
  const bytes = Object.entries(stored).reduce((sum, [name, weight]) => sum + heldBytes(name, weight, wanted), 0);
  checkRoom(
    bytes,
    what,
    "use a smaller model, hold its weights in fewer bits (q8 or q4), or use a machine with more memory",
  );
  const weights: Record<string, tf.Tensor> = {};
  try {
    for (const [name, weight] of Object.entries(stored)) {
      weights[name] = isMatrix(name, weight.shape)
        ? matrixToDevice([weight], name, wanted)
        : streamedTensor([...weight.shape], "float32", (into, begin) => {
          const values = weight.values(begin / 4, (begin + into.length) / 4);
          into.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
        });
    }
  } catch (error) {
    disposeWeights(weights);
    throw error;
  }
  return owned(weights);
}

/** Bytes of a weight on the device. */
function heldBytes(name: string, weight: StoredWeight, wanted: WeightFormat): number {
  const { shape } = weight;
  if (!isMatrix(name, shape)) return shape.reduce((a, b) => a * b, 4);
  return packedBytes(heldFormat(wanted, weight), shape as [number, number]);
}

/** A matrix, or several of one shape as a stack. */
function matrixToDevice(weights: readonly StoredWeight[], name: string, wanted: WeightFormat): tf.Tensor {
  const [out, inner] = weights[0]!.shape as [number, number];
  const format = heldFormat(wanted, weights[0]!);
  const sources = weights.map(({ rows, values }) =>
    rows !== undefined && FORMAT_OF[rows.type] === format && isExact(rows, out, inner)
      ? rows
      : encodedRows(format, (first, count) => values(first * inner, (first + count) * inner), `the weight "${name}"`)
  );
  return packedTensor(format, [out, inner], sources);
}

/** Rows that are read at once to be checked. */
const SOME = 256;

function isExact({ type, read }: RowSource, out: number, inner: number): boolean {
  if (type !== "Q4_0") return true;
  for (let first = 0; first < out; first += SOME) {
    const count = Math.min(SOME, out - first);
    if (!holdsExactly(type, read(first, count).subarray(0, count * rowBytes(type, inner)))) return false;
  }
  return true;
}

/**
 * Packs weights in host memory for inference; norms and biases stay float32.
 *
 * @throws UserError as {@linkcode storedToDevice} does
 */
export function packWeights(weights: HostWeights, format: PackedWeights): OwnedWeights {
  return storedToDevice(
    Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, inMemory(weight)])),
    "The model",
    format,
  );
}

/** Puts weights on the device: packed in a format, for inference, or as float32 if there is none. */
export function putWeights(weights: HostWeights, packed: PackedWeights | undefined): OwnedWeights {
  return packed === undefined ? toDevice(weights) : packWeights(weights, packed);
}

/**
 * A matrix of several models, which must have one shape, as a packed stack; of one model without the extra dimension.
 *
 * @throws UserError `tensor.packed` for a value that the format cannot hold
 */
export function packedStack(
  matrices: readonly StoredWeight[],
  name: string,
  format: PackedWeights,
): tf.Tensor {
  return matrixToDevice(matrices, name, format);
}

/** A weight in host memory as one that is read. */
export function inMemory({ shape, data }: HostTensor): StoredWeight {
  return { shape, values: (begin, end) => data.slice(begin, end) as Float32Array<ArrayBuffer> };
}
