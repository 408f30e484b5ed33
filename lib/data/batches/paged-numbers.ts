// Numbers in a file, read in pages of which a few stay in memory.

/** Types of numbers, by the ending of the file's name: integers and floating-point numbers, little-endian. */
const KINDS = { u16: Uint16Array, u32: Uint32Array, i32: Int32Array, f64: Float64Array };

type Page =
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** Bytes per page: a row of a batch takes one or two, wherever it lies. */
const PAGE_BYTES = 1 << 14;

/** Bytes of pages in memory, per file. */
const CACHE_BYTES = 1 << 23;

/** A file of numbers. */
export interface PagedNumbers {
  readonly length: number;
  at(index: number): number;
  /** Copies the numbers from `start` on, until `target` is full. */
  copy(start: number, target: Int32Array): void;
}

/**
 * Opens a file of numbers of the type that the end of its name says: `.u16`, `.u32`, `.i32` or `.f64`. At most 8 MiB of it are in
 * memory, the pages that were used last, whatever its size. The file is open only while a page is read.
 *
 * @throws Error from `at()` and `copy()` when the file has become shorter
 */
export function pagedNumbers(path: string): PagedNumbers {
  const make = KINDS[path.slice(-3) as keyof typeof KINDS];
  const perPage = PAGE_BYTES / make.BYTES_PER_ELEMENT;
  const length = Deno.statSync(path).size / make.BYTES_PER_ELEMENT;
  /** In order of last use. */
  const pages = new Map<number, Page>();
  let [lastNumber, lastPage] = [-1, new make(0) as Page];
  const pageAt = (number: number): Page => {
    if (number === lastNumber) return lastPage;
    let page = pages.get(number);
    if (page !== undefined) pages.delete(number);
    else {
      const oldest = pages.size * PAGE_BYTES < CACHE_BYTES ? undefined : pages.keys().next().value;
      page = oldest === undefined ? new make(perPage) : pages.get(oldest)!;
      if (oldest !== undefined) pages.delete(oldest);
      readPage(path, number, page, Math.min(perPage, length - number * perPage));
    }
    pages.set(number, page);
    [lastNumber, lastPage] = [number, page];
    return page;
  };
  return {
    length,
    at: (index) => pageAt(Math.floor(index / perPage))[index % perPage]!,
    copy(start, target) {
      for (let done = 0; done < target.length;) {
        const from = (start + done) % perPage;
        const count = Math.min(perPage - from, target.length - done);
        target.set(pageAt(Math.floor((start + done) / perPage)).subarray(from, from + count), done);
        done += count;
      }
    },
  };
}

function readPage(path: string, number: number, page: Page, count: number): void {
  const bytes = new Uint8Array(page.buffer, 0, count * page.BYTES_PER_ELEMENT);
  using file = Deno.openSync(path);
  file.seekSync(number * PAGE_BYTES, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) throw new Error(`${path} is shorter than it was`);
    at += read;
  }
}
