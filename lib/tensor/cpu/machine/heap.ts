// The allocator of the shared memory: size classes with free lists, which are merged before the memory would have to
// grow.
import { UserError } from "../../../errors.ts";
import { PAGE_BYTES } from "./pages.ts";

/** A block of memory, 64-byte aligned. */
export interface Block {
  readonly address: number;
  /** Size of its class: at least the size asked for. */
  readonly bytes: number;
}

export interface Heap {
  /** @throws UserError `tensor.memory` when the memory is exhausted */
  allocate(bytes: number): Block;
  free(block: Block): void;
  /** Frees the place of a block whose pages were moved out: its bytes remain in use. */
  vacate(block: Block): void;
  /** A place for the pages of a block that was vacated. */
  readmit(bytes: number): Block;
  /** Gives up the bytes of a block that was vacated. */
  forget(bytes: number): void;
  /** Sets what moves a block out when there is no place for another one; it returns false when it cannot. */
  setRelief(moveOut: () => boolean): void;
  /** Most bytes in use. */
  readonly limit: number;
  /** Bytes of all blocks in use, those moved out included. */
  usedBytes(): number;
  /** Most bytes in use at once since the last `forgetPeak()`. */
  peakBytes(): number;
  forgetPeak(): void;
  /** Bytes that the memory has grown to, and bytes of blocks moved out. */
  reservedBytes(): number;
  /** Fills free memory with `value`, for tests that kernels do not read what was never written. */
  poison(value: number): void;
}

const WASM_PAGE = 65536;
/** Most bytes of a WebAssembly memory with 32-bit addresses; one page is left out so that no block ends at 2³². */
export const MOST_BYTES = 65535 * WASM_PAGE;
/** Blocks of at least this size begin at a page, so that they can be moved out. */
export const LARGE = 1 << 20;
/** Smaller blocks share units of this size: between large ones they would leave gaps that no large one fits. */
const UNIT = 4 << 20;

interface Region {
  address: number;
  bytes: number;
}

/** How much a heap may hold. */
export interface HeapLimits {
  /** Most bytes in use, those of blocks moved out included. */
  readonly limit?: number;
  /** Most bytes that the memory may grow to. @default the limit, or what 32-bit addresses allow */
  readonly window?: number;
}

/**
 * An allocator over `memory` from `base` on.
 *
 * A block's size is rounded up to a multiple of 64 bytes with at most 12.5 % waste, a large one's with at most 3.1 %; a
 * freed block waits in its class's
 * list for the next request of that class. Free neighbors are merged only when no block of a class is free, the memory
 * would have to grow, and enough bytes are free, so that the sizes of one phase do not starve the next.
 */
export function createHeap(
  memory: WebAssembly.Memory,
  base: number,
  { limit = MOST_BYTES, window = limit }: HeapLimits = {},
): Heap {
  const lists = new Map<number, number[]>();
  /** 1 for units of small blocks. */
  const isShared = new Uint8Array(2 ** 32 / UNIT);
  /** Free memory in units of small blocks and elsewhere, merged and not yet handed out again. */
  let [smallRegions, largeRegions]: [Region[], Region[]] = [[], []];
  let top = UNIT;
  let used = 0;
  let outside = 0;
  let peak = 0;
  let freeBytes = 0;
  let freedSinceMerge = 0;
  let moveOut = () => false;
  const most = Math.min(window, MOST_BYTES);
  isShared[0] = 1;
  add(smallRegions, base, UNIT - base);

  function allocate(wanted: number): Block {
    const bytes = classSize(wanted);
    if (used + bytes > limit) throw exhausted(bytes);
    const block = place(bytes);
    used += bytes;
    if (used > peak) peak = used;
    return block;
  }

  function place(bytes: number): Block {
    for (;;) {
      const list = lists.get(bytes);
      if (list !== undefined && list.length > 0) {
        freeBytes -= bytes;
        return { address: list.pop()!, bytes };
      }
      const address = carve(bytes);
      if (address >= 0) return { address, bytes };
      if (moveOut()) continue;
      const anywhere = merge(bytes);
      if (anywhere < 0) throw exhausted(bytes);
      return { address: anywhere, bytes };
    }
  }

  /** Address of a block of a class of which none is free; −1 if there is no place. */
  function carve(bytes: number): number {
    const isSmall = bytes < LARGE;
    const [wanted, step] = isSmall ? [UNIT, UNIT] : [bytes, PAGE_BYTES];
    for (;;) {
      const found = isSmall ? take(smallRegions, bytes, 1) : take(largeRegions, bytes, PAGE_BYTES);
      if (found >= 0) return found;
      let address = isSmall ? take(largeRegions, UNIT, UNIT) : -1;
      if (address < 0) {
        address = Math.ceil(top / step) * step;
        const end = address + wanted;
        if (end > memory.buffer.byteLength) {
          // Merging sorts all free blocks: for a small one it pays only if much is free, or if nothing else is left.
          if (freedSinceMerge >= bytes && (!isSmall || freeBytes > top / 4 || end > most)) {
            merge();
            continue;
          }
          if (!grow(end)) return -1;
        }
        add(largeRegions, top, address - top);
        top = end;
      }
      if (!isSmall) return address;
      isShared[address / UNIT] = 1;
      add(smallRegions, address, UNIT);
    }
  }

  function add(regions: Region[], address: number, bytes: number): void {
    if (bytes === 0) return;
    regions.push({ address, bytes });
    freeBytes += bytes;
  }

  /** Takes memory that begins at a multiple of `step` from the smallest region that has it; −1 if none has. */
  function take(regions: Region[], bytes: number, step: number): number {
    const begin = ({ address }: Region) => Math.ceil(address / step) * step;
    let index = -1;
    regions.forEach((region, i) => {
      const fits = begin(region) + bytes <= region.address + region.bytes;
      if (fits && (index < 0 || region.bytes < regions[index]!.bytes)) index = i;
    });
    if (index < 0) return -1;
    const [region] = regions.splice(index, 1) as [Region];
    const at = begin(region);
    freeBytes -= region.bytes;
    add(regions, region.address, at - region.address);
    add(regions, at + bytes, region.address + region.bytes - at - bytes);
    return at;
  }

  /**
   * Merges free neighbors. Whole free units no longer belong to small blocks.
   *
   * @param wanted size of a block that found no place: it gets any that there is, or −1
   */
  function merge(wanted = 0): number {
    if (wanted > 0) {
      if (memory.buffer.byteLength < most) grow(most);
      const end = Math.min(memory.buffer.byteLength, most);
      if (end > top) add(largeRegions, top, end - top);
      top = Math.max(top, end);
    }
    const free = [...smallRegions, ...largeRegions];
    for (const [bytes, list] of lists) {
      for (const address of list) free.push({ address, bytes });
      list.length = 0;
    }
    free.sort((a, b) => a.address - b.address);
    const runs: Region[] = [];
    for (const region of free) {
      const last = runs.at(-1);
      if (last !== undefined && last.address + last.bytes === region.address) last.bytes += region.bytes;
      else runs.push({ ...region });
    }
    const taken = wanted === 0 ? -1 : take(runs, wanted, wanted < LARGE ? 1 : PAGE_BYTES);
    [smallRegions, largeRegions, freeBytes, freedSinceMerge] = [[], [], 0, 0];
    runs.sort((a, b) => a.address - b.address).forEach(addByUnits);
    const last = largeRegions.at(-1);
    if (last !== undefined && last.address + last.bytes === top) {
      top = last.address;
      freeBytes -= last.bytes;
      largeRegions.pop();
    }
    return taken;
  }

  /** Adds the parts of a run of free memory to the regions that they belong to. */
  function addByUnits({ address, bytes }: Region): void {
    const end = address + bytes;
    const unitAt = (at: number) => Math.floor(at / UNIT);
    for (let unit = unitAt(address); (unit + 1) * UNIT <= end; unit++) if (unit * UNIT >= address) isShared[unit] = 0;
    for (let begin = address; begin < end;) {
      const shared = isShared[unitAt(begin)]!;
      let stop = (unitAt(begin) + 1) * UNIT;
      while (stop < end && isShared[unitAt(stop)] === shared) stop += UNIT;
      stop = Math.min(stop, end);
      add(shared === 1 ? smallRegions : largeRegions, begin, stop - begin);
      begin = stop;
    }
  }

  /** Grows the memory so that `end` lies within it, generously if it can. */
  function grow(end: number): boolean {
    const size = memory.buffer.byteLength;
    const missing = end - size;
    const headroom = most - size;
    const generous = Math.min(Math.max(missing, 16 << 20, size >> 3 << 0), headroom);
    for (const step of [generous, missing]) {
      if (step < missing || step > headroom) continue;
      try {
        memory.grow(Math.ceil(step / WASM_PAGE));
        return true;
      } catch {
        // the system refuses this much: try just what is needed, then give up
      }
    }
    return false;
  }

  function exhausted(bytes: number): UserError {
    const ofAll = used + bytes > limit || window >= limit;
    return new UserError(
      "tensor.memory",
      ofAll
        ? `Cannot allocate ${mebibytes(bytes)}: ${mebibytes(used)} of at most ${mebibytes(limit)} are in use`
        : `Cannot allocate ${mebibytes(bytes)}: one operation's tensors must fit into ${mebibytes(most)}`,
      "Use a smaller batch or sequence, accumulate gradients over more micro-batches (accumulate), recompute " +
        "activations in the backward pass (activations: recompute), hold frozen models in half precision " +
        "(stitch.frozen: half), or run on a GPU (--device webgpu)",
    );
  }

  function release({ address, bytes }: Block): void {
    let list = lists.get(bytes);
    if (list === undefined) lists.set(bytes, list = []);
    list.push(address);
    freeBytes += bytes;
    freedSinceMerge += bytes;
  }

  return {
    allocate,
    free(block) {
      release(block);
      used -= block.bytes;
    },
    vacate(block) {
      release(block);
      outside += block.bytes;
    },
    readmit(bytes) {
      const block = place(bytes);
      outside -= bytes;
      return block;
    },
    forget(bytes) {
      outside -= bytes;
      used -= bytes;
    },
    setRelief: (given) => void (moveOut = given),
    limit,
    usedBytes: () => used,
    peakBytes: () => peak,
    forgetPeak: () => void (peak = used),
    reservedBytes: () => memory.buffer.byteLength + outside,
    poison(value) {
      const fill = (address: number, bytes: number) => new Float32Array(memory.buffer, address, bytes / 4).fill(value);
      for (const [bytes, list] of lists) for (const address of list) fill(address, bytes);
      for (const { address, bytes } of [...smallRegions, ...largeRegions]) fill(address, bytes);
      fill(top, memory.buffer.byteLength - top);
    },
  };
}

/** Size of the class for `bytes`: a multiple of 64; above 1 KiB with three significant bits after the first, for large blocks five. */
function classSize(bytes: number): number {
  if (bytes <= 1024) return Math.max(64, Math.ceil(bytes / 64) * 64);
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - (bytes > LARGE ? 5 : 3));
  return Math.ceil(bytes / step) * step;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
