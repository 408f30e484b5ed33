// Reads the header of a GGUF file piece by piece. Every length is checked against the file before anything is allocated.
import { readingError } from "../huggingface/mod.ts";
import { ggufError } from "./types.ts";

/** Bytes read at a time. */
const PIECE = 1 << 20;

/** The longest string: a `tokenizer.json` inside the metadata may have tens of megabytes. */
const LONGEST_STRING = 100_000_000;

/** Fills `into` from position `from` of a file; returns the bytes read, fewer only at the end of the file. */
export function readAt(path: string, file: Deno.FsFile, from: number, into: Uint8Array): number {
  try {
    file.seekSync(from, Deno.SeekMode.Start);
    let got = 0;
    while (got < into.length) {
      const count = file.readSync(into.subarray(got));
      if (count === null) break;
      got += count;
    }
    return got;
  } catch (error) {
    throw readingError(path, error);
  }
}

/** A position in a file, from which values are read in order. All are little-endian. */
export class Cursor {
  readonly path: string;
  readonly #file: Deno.FsFile;
  /** Size of the file. */
  readonly #end: number;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #buffer = new Uint8Array(0);
  #view = new DataView(this.#buffer.buffer);
  /** Position in the file of the buffer's first byte. */
  #start = 0;
  /** Position in the buffer. */
  #at = 0;

  constructor(path: string, file: Deno.FsFile, bytes: number) {
    this.path = path;
    this.#file = file;
    this.#end = bytes;
  }

  /** Position in the file. */
  get position(): number {
    return this.#start + this.#at;
  }

  /** Bytes from the position to the end of the file. */
  get remaining(): number {
    return this.#end - this.position;
  }

  u8 = (): number => this.#number(1, (view, at) => view.getUint8(at));
  i8 = (): number => this.#number(1, (view, at) => view.getInt8(at));
  u16 = (): number => this.#number(2, (view, at) => view.getUint16(at, true));
  i16 = (): number => this.#number(2, (view, at) => view.getInt16(at, true));
  u32 = (): number => this.#number(4, (view, at) => view.getUint32(at, true));
  i32 = (): number => this.#number(4, (view, at) => view.getInt32(at, true));
  f32 = (): number => this.#number(4, (view, at) => view.getFloat32(at, true));
  f64 = (): number => this.#number(8, (view, at) => view.getFloat64(at, true));
  u64 = (): number | bigint => exact(this.#number(8, (view, at) => view.getBigUint64(at, true)));
  i64 = (): number | bigint => exact(this.#number(8, (view, at) => view.getBigInt64(at, true)));

  /** A boolean: one byte, 0 or 1. */
  bool(where: string): boolean {
    const value = this.u8();
    if (value > 1) throw ggufError(this.path, "bool", `${where} is the boolean ${value}, which must be 0 or 1`);
    return value === 1;
  }

  /**
   * A count of things that take at least `least` bytes each, so that the rest of the file holds them.
   *
   * @param what the things, for the error message
   * @param most the largest count that is accepted
   */
  count(what: string, least: number, most: number): number {
    const count = this.u64();
    if (count > most) {
      throw ggufError(this.path, "count", `it claims ${count} ${what}, more than the limit of ${most}`);
    }
    if (Number(count) * least > this.remaining) {
      throw ggufError(
        this.path,
        "truncated",
        `it claims ${count} ${what}, which take at least ${
          Number(count) * least
        } bytes, and only ${this.remaining} follow`,
      );
    }
    return Number(count);
  }

  /** A UTF-8 string with its length before it. */
  string(where: string, most = LONGEST_STRING): string {
    const length = this.count(`bytes for ${where}`, 1, most);
    const at = this.#take(length);
    try {
      return this.#utf8.decode(this.#buffer.subarray(at, at + length));
    } catch {
      throw ggufError(this.path, "utf8", `${where} at byte ${this.position - length} is not UTF-8`);
    }
  }

  /** Reads a number of `bytes` bytes. */
  #number<T>(bytes: number, get: (view: DataView, at: number) => T): T {
    const at = this.#take(bytes); // may replace the view
    return get(this.#view, at);
  }

  /** Moves over `bytes` bytes, which it makes available in the buffer, and returns where they start in it. */
  #take(bytes: number): number {
    if (bytes > this.remaining) {
      throw ggufError(this.path, "truncated", `it ends at byte ${this.#end}, in the middle of its header`);
    }
    if (this.#at + bytes > this.#buffer.length) this.#fill(bytes);
    const at = this.#at;
    this.#at += bytes;
    return at;
  }

  #fill(bytes: number): void {
    this.#start = this.position;
    this.#at = 0;
    this.#buffer = new Uint8Array(Math.min(this.#end - this.#start, Math.max(bytes, PIECE)));
    this.#view = new DataView(this.#buffer.buffer);
    if (readAt(this.path, this.#file, this.#start, this.#buffer) < this.#buffer.length) {
      throw ggufError(this.path, "shrank", "it became shorter while its header was read");
    }
  }
}

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
