// bfloat16: the upper half of a float32.

/** The nearest bfloat16 numbers, ties to even, as bits; `halves` has one element per value. */
export function toBfloat16(values: Float32Array, halves: Uint16Array): void {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < halves.length; i++) {
    const word = bits[i]!;
    // Rounding could turn a NaN into an infinity or overflow into the sign, so a NaN becomes a quiet NaN.
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    halves[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

/** Bits of bfloat16 numbers as float32, exactly; `into` has one element per number. */
export function fromBfloat16(halves: Uint16Array, into: Float32Array): void {
  const bits = new Uint32Array(into.buffer, into.byteOffset, halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
}
