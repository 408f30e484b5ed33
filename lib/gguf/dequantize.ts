// Values of quantized blocks as float32, bit for bit as Python's `gguf.quants.dequantize` (gguf 0.19) computes them.
// Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
import { decodeWeights } from "../huggingface/mod.ts";
import { K_BLOCKS } from "./k-quants.ts";
import { type BlockReader, type GgufType, TENSOR_TYPES } from "./types.ts";

// The products here are exact in float64 (16-bit floats times small integers), and so are their sums; storing them
// rounds once, as float32 arithmetic does.

const q4_0: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[at / 2]!;
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 2 + i]!;
    into[to + i] = d * ((byte & 15) - 8);
    into[to + 16 + i] = d * ((byte >> 4) - 8);
  }
};

const q4_1: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[at / 2]!;
  const m = halves[at / 2 + 1]!;
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 4 + i]!;
    into[to + i] = d * (byte & 15) + m;
    into[to + 16 + i] = d * (byte >> 4) + m;
  }
};

/** Bit `i` of four bytes. */
const highBit = (bytes: Uint8Array, at: number, i: number): number => (bytes[at + (i >> 3)]! >> (i & 7)) & 1;

const q5_0: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[at / 2]!;
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 6 + i]!;
    into[to + i] = d * (((byte & 15) | (highBit(bytes, at + 2, i) << 4)) - 16);
    into[to + 16 + i] = d * (((byte >> 4) | (highBit(bytes, at + 2, i + 16) << 4)) - 16);
  }
};

const q5_1: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[at / 2]!;
  const m = halves[at / 2 + 1]!;
  for (let i = 0; i < 16; i++) {
    const byte = bytes[at + 8 + i]!;
    into[to + i] = d * ((byte & 15) | (highBit(bytes, at + 4, i) << 4)) + m;
    into[to + 16 + i] = d * ((byte >> 4) | (highBit(bytes, at + 4, i + 16) << 4)) + m;
  }
};

const q8_0: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[at / 2]!;
  for (let i = 0; i < 32; i++) into[to + i] = d * (bytes[at + 2 + i]! << 24 >> 24);
};

const BLOCKS: Readonly<Record<Exclude<GgufType, "F32" | "F16" | "BF16">, BlockReader>> = {
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q8_0: q8_0,
  ...K_BLOCKS,
};

/**
 * Converts whole blocks to float32.
 *
 * @param bytes the blocks; starts at a multiple of 4 in its buffer
 * @param into one element per value
 */
export function dequantize(type: GgufType, bytes: Uint8Array<ArrayBuffer>, into: Float32Array): void {
  if (type === "F32" || type === "F16" || type === "BF16") return decodeWeights(type, bytes, into);
  const { block, bytes: size } = TENSOR_TYPES[type];
  const read = BLOCKS[type];
  const source = { bytes, halves: new Float16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1) };
  for (let at = 0, to = 0; at < bytes.length; at += size, to += block) read(source, at, into, to);
}
