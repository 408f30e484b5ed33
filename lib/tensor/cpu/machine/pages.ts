// Moves pages of the shared memory to other addresses of the process and back, on Linux: no byte is copied, only entries
// of page tables change.
import { addressOf } from "../../address.ts";

/** Size of a page. What moves begins at a page and consists of whole ones. */
export const PAGE_BYTES = 4096;
/** Between places of equal offset in these units, whole tables of entries move at once. */
const UNIT = 2 << 20;
/** Most ranges outside: Linux allows a process about 65,000 mappings, and a range may need several. */
const MOST_RANGES = 10_000;

// From Linux's headers.
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
const MREMAP_MAYMOVE_FIXED_DONTUNMAP = 7;
const MADV_DONTNEED = 4;

const symbols = {
  mmap: { parameters: ["usize", "usize", "i32", "i32", "i32", "usize"], result: "usize" },
  mremap: { parameters: ["usize", "usize", "usize", "i32", "usize"], result: "usize" },
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  munmap: { parameters: ["usize", "usize"], result: "i32" },
} as const;

type Library = Deno.DynamicLibrary<typeof symbols>;

/** Moves pages out of the shared memory and back. Addresses outside are those of the process. */
export interface Pages {
  /** Moves pages out; zeros remain. Returns where they are, or undefined where no more can be outside. */
  out(address: number, bytes: number): number | undefined;
  /** Moves pages back, to any place of the shared memory; what was there is lost. */
  back(outside: number, address: number, bytes: number): void;
  /** Frees pages that are outside. */
  drop(outside: number, bytes: number): void;
  close(): void;
}

/**
 * Reserves addresses for the pages of a memory that will be outside of it.
 *
 * @param bytes most that will be outside at once
 * @returns undefined where pages cannot be moved: on other systems, with an older Linux (before 5.7), without `--allow-ffi`
 */
export async function openPages(memory: WebAssembly.Memory, bytes: number): Promise<Pages | undefined> {
  if (Deno.build.os !== "linux" || (await Deno.permissions.query({ name: "ffi" })).state !== "granted") {
    return undefined;
  }
  try {
    const library = Deno.dlopen("libc.so.6", symbols);
    const pages = createPages(memory, library, bytes);
    if (pages !== undefined && canMove(memory, pages)) return pages;
    library.close();
  } catch {
    // another C library
  }
  return undefined;
}

/** Whether a page comes back as it was. Uses the last one, which nothing uses yet. */
function canMove(memory: WebAssembly.Memory, pages: Pages): boolean {
  const last = memory.buffer.byteLength - PAGE_BYTES;
  const words = new Int32Array(memory.buffer, last, 1);
  words.fill(-1);
  const outside = pages.out(last, PAGE_BYTES);
  if (outside === undefined || words.at(0) !== 0) return false;
  pages.back(outside, last, PAGE_BYTES);
  return words.at(0) === -1;
}

function createPages(memory: WebAssembly.Memory, library: Library, bytes: number): Pages | undefined {
  // Plain numbers are faster than a BigInt for each address.
  const libc = library.symbols as unknown as Readonly<
    Record<keyof typeof symbols, (...args: number[]) => number | bigint>
  >;
  const base = addressOf(memory);
  // Every size has places of its own.
  const reserved = 4 * bytes;
  const region = Number(libc.mmap(0, reserved, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0));
  if (region > Number.MAX_SAFE_INTEGER) return undefined; // −1 as an address
  let top = Math.ceil(region / UNIT) * UNIT;
  let ranges = 0;
  const free = new Map<number, number[]>();
  const sizeOf = (bytes: number) => (Math.ceil(bytes / UNIT) + 1) * UNIT;

  function placeFor(bytes: number): number | undefined {
    const size = sizeOf(bytes);
    const place = free.get(size)?.pop() ?? top;
    if (place < top) return place;
    if (top + size > region + reserved) return undefined;
    top += size;
    return place;
  }

  function leave(outside: number, bytes: number): void {
    const size = sizeOf(bytes);
    if (!free.has(size)) free.set(size, []);
    free.get(size)!.push(Math.floor(outside / UNIT) * UNIT);
    ranges--;
  }

  /** Moves pages, which may lie in several mappings; Linux moves one at a time, so others are halved. */
  function move(from: number, to: number, bytes: number): void {
    if (Number(libc.mremap(from, bytes, bytes, MREMAP_MAYMOVE_FIXED_DONTUNMAP, to)) === to) return;
    if (bytes === PAGE_BYTES) throw new Error("Cannot move a page of tensors: the system refuses it");
    const half = Math.ceil(bytes / 2 / PAGE_BYTES) * PAGE_BYTES;
    move(from, to, half);
    move(from + half, to + half, bytes - half);
  }

  return {
    out(address, bytes) {
      const place = ranges < MOST_RANGES ? placeFor(bytes) : undefined;
      if (place === undefined) return undefined;
      const to = place + (base + address) % UNIT;
      move(base + address, to, bytes);
      ranges++;
      return to;
    },
    back(outside, address, bytes) {
      move(outside, base + address, bytes);
      leave(outside, bytes);
    },
    drop(outside, bytes) {
      libc.madvise(outside, bytes, MADV_DONTNEED);
      leave(outside, bytes);
    },
    close() {
      libc.munmap(region, reserved);
      library.close();
    },
  };
}
