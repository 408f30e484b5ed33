// The layout of packed weights: matrices W [out, in] for products x·Wᵀ, held for inference in few bytes. One layout for
// every kernel: machine code, WebAssembly, and the code that packs.
//
// W is cut into panels of PACKED_LANES outputs; the last one is filled up with zeros. A panel holds k = 0, 1, … in order,
// in units of `steps` k:
//
// - F32, F16, BF16: for each k, the lanes' numbers.
// - Q8_0: the lanes' scales (F16); then, for each of 32 k, the lanes' signed bytes. A weight is scale · byte.
// - Q4: the lanes' scales and their minima (F16); then, for each eight k, one word per lane with eight digits of four bits,
//   the first k lowest. A weight is scale · digit + minimum, rounded once to float32.
//
// These hold the numbers of GGUF's Q8_0, Q4_1 and Q4_0 exactly.

/** Outputs of a panel. */
export const PACKED_LANES = 32;
/** Steps of k that share a scale. */
export const PACKED_BLOCK = 32;

/** Formats of packed weights, in the order of their numbers. */
export const PACKED_FORMATS = ["F32", "F16", "BF16", "Q8_0", "Q4"] as const;
export type PackedFormat = typeof PACKED_FORMATS[number];

/** What one unit of a panel holds. */
export interface PackedUnit {
  /** Steps of k. */
  readonly steps: number;
  /** Bytes of scales and minima, which come first. */
  readonly scales: number;
  /** Bytes, scales included. */
  readonly bytes: number;
}

/** `halves` 16-bit scales and minima per lane, and `bits` per number. */
function unit(steps: number, halves: number, bits: number): PackedUnit {
  const scales = 2 * halves * PACKED_LANES;
  return { steps, scales, bytes: scales + steps * PACKED_LANES * bits / 8 };
}

export const PACKED_UNITS: Readonly<Record<PackedFormat, PackedUnit>> = {
  F32: unit(1, 0, 32),
  F16: unit(1, 0, 16),
  BF16: unit(1, 0, 16),
  Q8_0: unit(PACKED_BLOCK, 1, 8),
  Q4: unit(PACKED_BLOCK, 2, 4),
};

/** Bytes of a panel with `K` steps of k, a multiple of the unit's. */
export function panelBytes(format: PackedFormat, K: number): number {
  const { steps, bytes } = PACKED_UNITS[format];
  return K / steps * bytes;
}
