// Packs rows of weights in panels (../packed-format.ts), without changing a number, and unpacks them again.
import { fromBfloat16 } from "../../bfloat16.ts";
import { PACKED_BLOCK, PACKED_LANES, PACKED_UNITS, type PackedFormat, panelBytes } from "../packed-format.ts";

/** Types of rows of weights, as safetensors and GGUF store them. */
export type RowType = "F32" | "F16" | "BF16" | "Q8_0" | "Q4_1" | "Q4_0";

/** The format that holds a type's numbers exactly. */
export const FORMAT_OF = {
  F32: "F32",
  F16: "F16",
  BF16: "BF16",
  Q8_0: "Q8_0",
  Q4_1: "Q4",
  Q4_0: "Q4",
} as const satisfies Record<RowType, PackedFormat>;

/** Bytes of a block of quantized numbers. */
const BLOCK_BYTES = { Q8_0: 34, Q4_1: 20, Q4_0: 18 } as const;

/** Bytes of a row of `K` numbers. */
export function rowBytes(type: RowType, K: number): number {
  if (type === "F32") return 4 * K;
  if (type === "F16" || type === "BF16") return 2 * K;
  return K / PACKED_BLOCK * BLOCK_BYTES[type];
}

/** Whether a format can hold rows of `K` numbers: whole blocks where it has blocks. */
export function fitsFormat(format: PackedFormat, K: number): boolean {
  return K % PACKED_UNITS[format].steps === 0;
}

/** Whether the panels hold these rows' numbers exactly: all but Q4_0 with scales above an eighth of F16's largest number. */
export function holdsExactly(type: RowType, rows: Uint8Array): boolean {
  if (type !== "Q4_0") return true;
  for (let at = 1; at < rows.length; at += BLOCK_BYTES.Q4_0) {
    if ((rows[at]! & 0x7f) >= 0x70) return false; // 8192
  }
  return true;
}

/**
 * Packs a panel.
 *
 * @param rows at most 32 rows of a type, one after another, starting at a multiple of 4 in their buffer
 * @param panel filled with zeros
 */
export function packPanel(
  type: RowType,
  rows: Uint8Array<ArrayBuffer>,
  K: number,
  panel: Uint8Array<ArrayBuffer>,
): void {
  const bytes = rowBytes(type, K);
  const lanes = rows.length / bytes;
  switch (type) {
    case "F32":
      return transpose(new Uint32Array(rows.buffer, rows.byteOffset, lanes * K), K, lanes, wordsOf(panel));
    case "F16":
    case "BF16":
      return transpose(new Uint16Array(rows.buffer, rows.byteOffset, lanes * K), K, lanes, halvesOf(panel));
    case "Q8_0":
      return packQ8(rows, bytes, lanes, panel);
    case "Q4_1":
    case "Q4_0":
      return packQ4(type, rows, bytes, lanes, panel);
  }
}

const wordsOf = ({ buffer, byteOffset, length }: Uint8Array) => new Uint32Array(buffer, byteOffset, length / 4);
const halvesOf = ({ buffer, byteOffset, length }: Uint8Array) => new Uint16Array(buffer, byteOffset, length / 2);
const floatsOf = ({ buffer, byteOffset, length }: Uint8Array) => new Float16Array(buffer, byteOffset, length / 2);

function transpose(from: Uint32Array | Uint16Array, K: number, lanes: number, to: Uint32Array | Uint16Array): void {
  for (let lane = 0; lane < lanes; lane++) {
    for (let k = 0, at = lane; k < K; k++, at += PACKED_LANES) to[at] = from[lane * K + k]!;
  }
}

function packQ8(rows: Uint8Array, rowBytes: number, lanes: number, panel: Uint8Array): void {
  const size = BLOCK_BYTES.Q8_0, { bytes, scales } = PACKED_UNITS.Q8_0;
  for (let lane = 0; lane < lanes; lane++) {
    const end = (lane + 1) * rowBytes;
    for (let at = lane * rowBytes, unit = 0; at < end; at += size, unit += bytes) {
      panel[unit + 2 * lane] = rows[at]!;
      panel[unit + 2 * lane + 1] = rows[at + 1]!;
      let to = unit + scales + lane;
      for (let i = 0; i < PACKED_BLOCK; i++, to += PACKED_LANES) panel[to] = rows[at + 2 + i]!;
    }
  }
}

function packQ4(type: "Q4_1" | "Q4_0", rows: Uint8Array, rowBytes: number, lanes: number, panel: Uint8Array): void {
  const size = BLOCK_BYTES[type], { bytes, scales } = PACKED_UNITS.Q4;
  const halves = floatsOf(panel), words = wordsOf(panel), from = floatsOf(rows);
  const first = type === "Q4_1" ? 4 : 2;
  for (let lane = 0; lane < lanes; lane++) {
    const end = (lane + 1) * rowBytes;
    for (let at = lane * rowBytes, unit = 0; at < end; at += size, unit += bytes) {
      const scale = from[at / 2]!;
      halves[unit / 2 + lane] = scale;
      halves[unit / 2 + PACKED_LANES + lane] = type === "Q4_1" ? from[at / 2 + 1]! : -8 * scale;
      // A block has k and k + 16 in one byte.
      for (let word = 0; word < 4; word++) {
        const shift = word < 2 ? 0 : 4;
        let digits = 0;
        for (let i = 0; i < 8; i++) digits |= (rows[at + first + 8 * (word & 1) + i]! >> shift & 15) << 4 * i;
        words[(unit + scales) / 4 + PACKED_LANES * word + lane] = digits;
      }
    }
  }
}

/**
 * The numbers of a panel as float32: the reference of the kernels.
 *
 * @returns rows of `K` numbers, one per lane
 */
export function unpackPanel(
  format: PackedFormat,
  panel: Uint8Array<ArrayBuffer>,
  K: number,
): Float32Array<ArrayBuffer> {
  if (panel.length !== panelBytes(format, K)) throw new RangeError(`A panel of ${panel.length} bytes has another size`);
  const values = new Float32Array(PACKED_LANES * K);
  if (format === "F32" || format === "F16" || format === "BF16") {
    const numbers = format === "F32"
      ? new Float32Array(panel.buffer, panel.byteOffset, PACKED_LANES * K)
      : format === "F16"
      ? floatsOf(panel)
      : fromBits(halvesOf(panel));
    for (let lane = 0; lane < PACKED_LANES; lane++) {
      for (let k = 0; k < K; k++) values[lane * K + k] = numbers[k * PACKED_LANES + lane]!;
    }
    return values;
  }
  const { bytes, scales } = PACKED_UNITS[format];
  const halves = floatsOf(panel), words = wordsOf(panel);
  for (let k = 0; k < K; k++) {
    const unit = Math.floor(k / PACKED_BLOCK) * bytes, i = k % PACKED_BLOCK;
    for (let lane = 0; lane < PACKED_LANES; lane++) {
      const scale = halves[unit / 2 + lane]!;
      if (format === "Q8_0") {
        values[lane * K + k] = scale * (panel[unit + scales + PACKED_LANES * i + lane]! << 24 >> 24);
      } else {
        const word = words[(unit + scales) / 4 + PACKED_LANES * (i >> 3) + lane]!;
        values[lane * K + k] = scale * (word >>> 4 * (i & 7) & 15) + halves[unit / 2 + PACKED_LANES + lane]!;
      }
    }
  }
  return values;
}

function fromBits(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  fromBfloat16(halves, values);
  return values;
}
