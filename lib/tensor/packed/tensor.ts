// Weights as packed tensors, read row by row, never as a whole in float32.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../../errors.ts";
import { StitchbookCPU } from "../cpu/mod.ts";
import { PACKED_LANES, type PackedFormat, panelBytes } from "../packed-format.ts";
import { markBfloat16 } from "../ops/half.ts";
import { markPacked } from "../ops/packed.ts";
import { streamedTensor } from "../stream.ts";
import { encodeRows, ROW_TYPE } from "./encode.ts";
import { packPanel, type RowType, unpackPanel } from "./panels.ts";

/** A matrix whose rows are read in order, a few at a time. */
export interface RowSource {
  /** A type whose numbers the format holds exactly. */
  readonly type: RowType;
  /** Bytes of `count` rows from row `first` on, starting at a multiple of 4 in their buffer. */
  readonly read: (first: number, count: number) => Uint8Array<ArrayBuffer>;
}

/** Bytes that a packed matrix takes on the CPU engine. */
export function packedBytes(format: PackedFormat, [out, inner]: readonly [number, number]): number {
  return Math.ceil(out / PACKED_LANES) * panelBytes(format, inner);
}

/**
 * A packed weight from one matrix, or a stack of several. On other backends than the CPU engine it is a weight with the
 * same numbers: in half precision where the format is, else float32. No scope disposes it.
 *
 * @param shape `[out, in]` of each matrix; `in` is a whole number of the format's blocks
 * @returns int32 words that `linear()`, `embedding()` and their like take for `[out, in]` or `[models, out, in]`
 */
export function packedTensor(
  format: PackedFormat,
  [out, inner]: readonly [number, number],
  sources: readonly RowSource[],
): tf.Tensor {
  const stack = sources.length === 1 ? [] : [sources.length];
  if (!(tf.backend() instanceof StitchbookCPU)) return unpackedTensor(format, stack, out, inner, sources);
  const panels = Math.ceil(out / PACKED_LANES), bytes = panelBytes(format, inner);
  const w = streamedTensor([...stack, panels, bytes / 4], "int32", (into, begin) => {
    into.fill(0); // it is used again and again
    for (let at = 0; at < into.length; at += bytes) {
      const panel = (begin + at) / bytes, first = panel % panels * PACKED_LANES;
      const { type, read } = sources[Math.floor(panel / panels)]!;
      packPanel(type, read(first, Math.min(PACKED_LANES, out - first)), inner, into.subarray(at, at + bytes));
    }
  }, bytes);
  return markPacked(w, { format, shape: [...stack, out, inner] });
}

function unpackedTensor(
  format: PackedFormat,
  stack: number[],
  out: number,
  inner: number,
  sources: readonly RowSource[],
): tf.Tensor {
  const isHalf = (format === "F16" || format === "BF16") && inner % 2 === 0;
  const rows = isHalf ? inner / 2 : inner;
  const values = new Int32Array(sources.length * out * rows);
  sources.forEach(({ type, read }, model) => {
    for (let first = 0; first < out; first += PACKED_LANES) {
      const count = Math.min(PACKED_LANES, out - first);
      const bytes = read(first, count);
      values.set(isHalf ? wordsOf(bytes) : numbersOf(format, type, bytes, inner, count), (model * out + first) * rows);
    }
  });
  const shape = [...stack, out, rows];
  if (!isHalf) return tf.keep(tf.tensor(new Float32Array(values.buffer), shape));
  const w = tf.keep(tf.tensor(values, shape, "int32"));
  return format === "BF16" ? markBfloat16(w) : w;
}

const wordsOf = ({ buffer, byteOffset, length }: Uint8Array<ArrayBuffer>) =>
  new Int32Array(buffer, byteOffset, length / 4);

/** Bits of the numbers of some rows as float32. */
function numbersOf(format: PackedFormat, type: RowType, rows: Uint8Array<ArrayBuffer>, inner: number, count: number) {
  const panel = new Uint8Array(panelBytes(format, inner));
  packPanel(type, rows, inner, panel);
  return new Int32Array(unpackPanel(format, panel, inner).buffer, 0, count * inner);
}

/**
 * Float32 values as rows that a format holds: rounded to nearest, or quantized, a few at a time.
 *
 * @param values gives `count` rows from row `first` on
 * @param what names the matrix in the error
 * @throws UserError `tensor.packed`, when rows are read, for a value that the format cannot hold
 */
export function encodedRows(
  format: PackedFormat,
  values: (first: number, count: number) => Float32Array<ArrayBuffer>,
  what: string,
): RowSource {
  return {
    type: ROW_TYPE[format],
    read(first, count) {
      const encoded = encodeRows(format, values(first, count));
      if ("bytes" in encoded) return encoded.bytes;
      throw new UserError(
        "tensor.packed",
        `Cannot hold ${what} as ${format}: it contains ${encoded.refused}, which ${format} cannot hold`,
        `hold the weights as F32${format === "BF16" ? "" : " or BF16"}, and check that the model is sound`,
      );
    },
  };
}
