// Documents by number, in memory as long as they are few, else in a temporary file.
import { dirname } from "node:path";
import { UserError } from "../../errors.ts";
import { byteLength } from "../batches/tokenize.ts";
import type { Document } from "../types.ts";
import { float64Column, uint32Column } from "./columns.ts";

/**
 * Bytes of text above which a store moves into a file: few, because what is kept makes the engine's memory for new objects
 * grow to many times as much.
 */
const MEMORY_BYTES = 1 << 20;

/** Bytes that are collected before they are written. */
const WRITE_BYTES = 1 << 20;

/** Documents by number, from 0, in order of addition. */
export interface DocumentStore extends Disposable {
  readonly length: number;
  /** Adds a document and returns its number. */
  add(document: Document): number;
  at(number: number): Document;
  /** UTF-8 bytes of the text of a document, without reading it. */
  bytesAt(number: number): number;
  /** Drops the documents from number `length` on. */
  truncate(length: number): void;
}

/** Where a store keeps what does not fit into memory. */
export interface StoreOptions {
  /** Folder of the temporary file; while it is missing, the one above. @default the system's for temporary files */
  readonly folder?: string | undefined;
  /** UTF-8 bytes of text that are kept in memory. @default 1 MiB */
  readonly memory?: number;
}

/**
 * An empty store. Above `memory` bytes of text, all documents move into a temporary file, and a document takes 12 bytes of
 * memory, however long it is. Texts are well-formed Unicode.
 *
 * @throws UserError `data.store` from `add()` and `at()` if the file cannot be written or read
 */
export function documentStore({ folder, memory = MEMORY_BYTES }: StoreOptions = {}): DocumentStore {
  const sizes = uint32Column();
  let total = 0;
  let kept: Document[] = [];
  let file: RecordFile | undefined;
  return {
    get length() {
      return sizes.length;
    },
    add(document) {
      const bytes = byteLength(document.text);
      sizes.push(bytes);
      total += bytes;
      if (file === undefined) kept.push(document);
      else file.add(document);
      if (file === undefined && total > memory) {
        file = openRecordFile(folder);
        for (const one of kept) file.add(one);
        kept = [];
      }
      return sizes.length - 1;
    },
    at: (number) => file === undefined ? kept[number]! : file.at(number),
    bytesAt: sizes.get,
    truncate(length) {
      for (let number = length; number < sizes.length; number++) total -= sizes.get(number);
      sizes.truncate(length);
      if (file === undefined) kept.length = length;
      else file.truncate(length);
    },
    [Symbol.dispose]() {
      file?.close();
      file = undefined;
      kept = [];
      sizes.truncate(0);
    },
  };
}

/** Documents in a file: for each, what it has besides its text as JSON, a line feed, and its text. */
interface RecordFile {
  add(document: Document): void;
  at(number: number): Document;
  truncate(length: number): void;
  close(): void;
}

function openRecordFile(folder: string | undefined): RecordFile {
  const { file, path } = told(() => openTemporary(folder), folder);
  const ends = float64Column();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const waiting = new Uint8Array(WRITE_BYTES);
  let filled = 0;
  /** Bytes in the file; those of `waiting` come after them. */
  let written = 0;
  let reading = new Uint8Array(WRITE_BYTES);
  const write = (bytes: Uint8Array) => {
    file.seekSync(written, Deno.SeekMode.Start);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    written += bytes.length;
  };
  const flush = () => {
    if (filled > 0) write(waiting.subarray(0, filled));
    filled = 0;
  };
  return {
    add: ({ text, ...head }) =>
      told(() => {
        const record = `${JSON.stringify(head)}\n${text}`;
        if (3 * record.length > WRITE_BYTES) {
          flush();
          write(encoder.encode(record));
        } else {
          if (filled + 3 * record.length > WRITE_BYTES) flush();
          filled += encoder.encodeInto(record, waiting.subarray(filled)).written;
        }
        ends.push(written + filled);
      }, path),
    at: (number) =>
      told(() => {
        const start = number === 0 ? 0 : ends.get(number - 1);
        const end = ends.get(number);
        if (end > written) flush();
        if (end - start > reading.length) reading = new Uint8Array(Math.max(end - start, 2 * reading.length));
        const bytes = reading.subarray(0, end - start);
        file.seekSync(start, Deno.SeekMode.Start);
        for (let at = 0; at < bytes.length;) {
          const count = file.readSync(bytes.subarray(at));
          if (count === null) throw new Error(`it ends at byte ${start + at}`);
          at += count;
        }
        const head = bytes.indexOf(LINE_FEED);
        const text = decoder.decode(bytes.subarray(head + 1));
        return { ...JSON.parse(decoder.decode(bytes.subarray(0, head))) as Omit<Document, "text">, text };
      }, path),
    truncate(length) {
      flush();
      written = length === 0 ? 0 : ends.get(length - 1);
      ends.truncate(length);
    },
    close: () => file.close(),
  };
}

const LINE_FEED = 10;

/** Opens a temporary file. Where the system allows it, its name goes at once, so that nothing is left after a crash. */
function openTemporary(folder: string | undefined): { readonly file: Deno.FsFile; readonly path: string } {
  const path = Deno.makeTempFileSync({ ...(folder === undefined ? {} : { dir: existing(folder) }), prefix: ".text-" });
  const file = Deno.openSync(path, { read: true, write: true });
  try {
    Deno.removeSync(path);
  } catch {
    globalThis.addEventListener("unload", () => removeQuietly(path)); // Windows keeps a file that is open
  }
  return { file, path };
}

/** The folder, or the nearest one above it that exists. */
function existing(folder: string): string {
  try {
    if (Deno.statSync(folder).isDirectory) return folder;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const above = dirname(folder);
  return above === folder ? folder : existing(above);
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is still open; the system's own cleaning will find it.
  }
}

/** Turns a fault of the disk into an error that says what to do. */
function told<T>(what: () => T, where = "the folder for temporary files"): T {
  try {
    return what();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      "data.store",
      `Text that does not fit into memory cannot be kept in ${where}: ${reason}`,
      "Make room for a copy of the text on the disk, or use less text",
    );
  }
}
