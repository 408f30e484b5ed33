// The part of the Protocol Buffers wire format that TensorBoard's events need.

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = new TextEncoder();

/** Bytes one after the other. */
export function joined(parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A non-negative integer in groups of seven bits, lowest first. */
function varint(value: number): Bytes {
  const bytes: number[] = [];
  // Not by shifts, which cut numbers to 32 bits.
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  return Uint8Array.from([...bytes, value]);
}

/** The number of a field with how its value is written: 0 varint, 1 eight bytes, 2 with a length, 5 four bytes. */
const tag = (field: number, type: 0 | 1 | 2 | 5) => varint(field * 8 + type);

/** A field of type `int64` that is not negative. */
export const int64 = (field: number, value: number): Bytes => joined([tag(field, 0), varint(value)]);

/** A field of type `double`. */
export function double(field: number, value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return joined([tag(field, 1), bytes]);
}

/** A field of type `float`. */
export function float(field: number, value: number): Bytes {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joined([tag(field, 5), bytes]);
}

/** A field of type `string`, `bytes` or a message. */
export function delimited(field: number, value: string | readonly Uint8Array[]): Bytes {
  const bytes = typeof value === "string" ? utf8.encode(value) : joined(value);
  return joined([tag(field, 2), varint(bytes.length), bytes]);
}
