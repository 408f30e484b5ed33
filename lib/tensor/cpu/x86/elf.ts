// A shared object for Linux on x86-64 that holds nothing but code: what `dlopen` needs to find its functions, and no more.
// Layout: System V ABI, chapters 4 and 5 ("Object Files", "Program Loading and Dynamic Linking").

const PAGE = 4096;
const HEADER = 64;
const SEGMENT = 56;
const SYMBOL = 24;

/** A function's name and its place in the code, in bytes. */
export interface Exported {
  readonly name: string;
  readonly at: number;
  readonly size: number;
}

/** The file: a segment to be read and executed (tables and code), and one to be written, which the loader needs. */
export function sharedObject(code: Uint8Array, functions: readonly Exported[]): Uint8Array<ArrayBuffer> {
  const names = ["", ...functions.map(({ name }) => name)];
  const strings = new TextEncoder().encode(names.map((name) => `${name}\0`).join(""));
  const hash = HEADER + 4 * SEGMENT;
  const hashBytes = 4 * (2 + 1 + names.length);
  const symbols = roundUp(hash + hashBytes, 8);
  const text = symbols + SYMBOL * names.length;
  const start = roundUp(text + strings.length, 64);
  const dynamic = roundUp(start + code.length, PAGE);
  const entries: readonly [tag: number, value: number][] = [
    ...[[4, hash], [5, text], [6, symbols], [10, strings.length], [11, SYMBOL], [0, 0]] as [number, number][],
  ];
  const file = new Uint8Array(dynamic + 16 * entries.length);
  const view = new DataView(file.buffer);
  const u16 = (at: number, value: number) => view.setUint16(at, value, true);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);

  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64 bits, little-endian, version 1
  u16(16, 3); // shared object
  u16(18, 62); // x86-64
  u32(20, 1);
  u64(32, HEADER); // program headers
  u16(52, HEADER);
  u16(54, SEGMENT);
  u16(56, 4);
  u16(58, 64); // size of a section header, of which there are none

  const segments: readonly (readonly number[])[] = [
    [1, 5, 0, start + code.length, PAGE], // load: read and execute
    [1, 6, dynamic, 16 * entries.length, PAGE], // load: read and write
    [2, 6, dynamic, 16 * entries.length, 8], // dynamic table
    [0x6474e551, 6, 0, 0, 16], // the stack need not be executable
  ];
  segments.forEach(([type, flags, at, size, align], i) => {
    const to = HEADER + i * SEGMENT;
    u32(to, type!);
    u32(to + 4, flags!);
    for (const place of [8, 16, 24]) u64(to + place, at!);
    for (const place of [32, 40]) u64(to + place, size!);
    u64(to + 48, align!);
  });

  // One bucket, whose chain goes through all symbols.
  u32(hash, 1);
  u32(hash + 4, names.length);
  u32(hash + 8, names.length > 1 ? 1 : 0);
  for (let i = 1; i < names.length; i++) u32(hash + 12 + 4 * i, i + 1 < names.length ? i + 1 : 0);

  let name = 1;
  functions.forEach((one, i) => {
    const to = symbols + SYMBOL * (i + 1);
    u32(to, name);
    view.setUint8(to + 4, 1 << 4 | 2); // global function
    u16(to + 6, 1); // defined: any section but none
    u64(to + 8, start + one.at);
    u64(to + 16, one.size);
    name += one.name.length + 1;
  });
  file.set(strings, text);
  file.set(code, start);
  entries.forEach(([tag, value], i) => {
    u64(dynamic + 16 * i, tag);
    u64(dynamic + 16 * i + 8, value);
  });
  return file;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}
