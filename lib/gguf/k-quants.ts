// The k-quants: blocks of 256 values in 8 or 16 parts, each with a scale of its own.
import type { BlockReader } from "./types.ts";

const q2_K: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[(at + 80) / 2]!;
  const dMin = halves[(at + 82) / 2]!;
  for (let part = 0; part < 16; part++) {
    const scales = bytes[at + part]!;
    const scale = d * (scales & 15);
    const min = dMin * (scales >> 4);
    // Each run of 32 bytes holds 128 values: 2 bits of each byte for 32 values, then the next 2 bits.
    const from = at + 16 + 32 * (part >> 3) + 16 * (part & 1);
    const shift = 2 * ((part >> 1) & 3);
    for (let i = 0; i < 16; i++) into[to + 16 * part + i] = scale * ((bytes[from + i]! >> shift) & 3) - min;
  }
};

const q3_K: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[(at + 108) / 2]!;
  for (let part = 0; part < 16; part++) {
    // 6 bits: the lower 4 in bytes 0 to 7, the upper 2 in bytes 8 to 11.
    const low = (bytes[at + 96 + (part & 7)]! >> (part < 8 ? 0 : 4)) & 15;
    const high = (bytes[at + 104 + (part & 3)]! >> (2 * (part >> 2))) & 3;
    const scale = d * ((low | (high << 4)) - 32);
    const from = at + 32 + 32 * (part >> 3) + 16 * (part & 1);
    const shift = 2 * ((part >> 1) & 3);
    const masks = at + 16 * (part & 1);
    for (let i = 0; i < 16; i++) {
      const offset = (bytes[masks + i]! >> (part >> 1)) & 1 ? 0 : 4; // a set bit means no offset
      into[to + 16 * part + i] = scale * (((bytes[from + i]! >> shift) & 3) - offset);
    }
  }
};

/** The 6-bit scale and minimum of part `i` of 8, from the 12 bytes of Q4_K and Q5_K. */
function scaleAndMin(bytes: Uint8Array, at: number, i: number): [scale: number, min: number] {
  if (i < 4) return [bytes[at + i]! & 63, bytes[at + 4 + i]! & 63];
  const low = bytes[at + 4 + i]!;
  return [(low & 15) | ((bytes[at + i - 4]! >> 2) & 48), (low >> 4) | ((bytes[at + i]! >> 2) & 48)];
}

const q4_K: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[at / 2]!;
  const dMin = halves[at / 2 + 1]!;
  for (let part = 0; part < 8; part++) {
    const [scale, min] = scaleAndMin(bytes, at + 4, part);
    const from = at + 16 + 32 * (part >> 1);
    const shift = 4 * (part & 1);
    for (let i = 0; i < 32; i++) {
      into[to + 32 * part + i] = d * scale * ((bytes[from + i]! >> shift) & 15) - dMin * min;
    }
  }
};

const q5_K: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[at / 2]!;
  const dMin = halves[at / 2 + 1]!;
  for (let part = 0; part < 8; part++) {
    const [scale, min] = scaleAndMin(bytes, at + 4, part);
    const from = at + 48 + 32 * (part >> 1);
    const shift = 4 * (part & 1);
    for (let i = 0; i < 32; i++) {
      const high = ((bytes[at + 16 + i]! >> part) & 1) << 4;
      into[to + 32 * part + i] = d * scale * (((bytes[from + i]! >> shift) & 15) | high) - dMin * min;
    }
  }
};

const q6_K: BlockReader = ({ bytes, halves }, at, into, to) => {
  const d = halves[(at + 208) / 2]!;
  // Runs of 32 values: the lower 4 bits in two halves of 64 bytes, the upper 2 in two halves of 32.
  for (let run = 0; run < 8; run++) {
    const low = at + 64 * (run >> 2) + 32 * (run & 1);
    const lowShift = run & 2 ? 4 : 0;
    const high = at + 128 + 32 * (run >> 2);
    const highShift = 2 * (run & 3);
    for (let i = 0; i < 32; i++) {
      const q = ((bytes[low + i]! >> lowShift) & 15) | (((bytes[high + i]! >> highShift) & 3) << 4);
      const scale = d * (bytes[at + 192 + 2 * run + (i >> 4)]! << 24 >> 24);
      into[to + 32 * run + i] = scale * (q - 32);
    }
  }
};

/** Readers of one block, by type. */
export const K_BLOCKS = {
  Q2_K: q2_K,
  Q3_K: q3_K,
  Q4_K: q4_K,
  Q5_K: q5_K,
  Q6_K: q6_K,
} as const satisfies Readonly<Record<string, BlockReader>>;
