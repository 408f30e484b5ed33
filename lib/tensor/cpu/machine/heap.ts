// The allocator of the shared memory: size classes with free lists, which are merged before the memory would have to
// grow.
import { UserError } from "../../../errors.ts";

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
  /** Bytes of all blocks in use. */
  usedBytes(): number;
  /** Most bytes in use at once since the last `forgetPeak()`. */
  peakBytes(): number;
  forgetPeak(): void;
  /** Bytes that the memory has grown to. */
  reservedBytes(): number;
  /** Fills free memory with `value`, for tests that kernels do not read what was never written. */
  poison(value: number): void;
}

const PAGE = 65536;
/** One page is left out so that no block ends at 2³². */
const LARGEST = 65535 * PAGE;

/**
 * An allocator over `memory` from `base` on.
 *
 * A block's size is rounded up to a multiple of 64 bytes with at most 12.5 % waste; a freed block waits in its class's
 * list for the next request of that class. Free neighbors are merged only when no block of a class is free, the memory
 * would have to grow, and enough bytes are free, so that the sizes of one phase do not starve the next.
 *
 * @param limit most bytes the memory may grow to
 */
export function createHeap(memory: WebAssembly.Memory, base: number, limit = LARGEST): Heap {
  const lists = new Map<number, number[]>();
  /** Merged free memory, not yet handed out again. */
  let regions: { address: number; bytes: number }[] = [];
  let top = base;
  let used = 0;
  let peak = 0;
  let freeBytes = 0;
  let freedSinceMerge = 0;
  const most = Math.min(limit, LARGEST);

  function allocate(wanted: number): Block {
    const bytes = classSize(wanted);
    const list = lists.get(bytes);
    let address = list !== undefined && list.length > 0 ? list.pop()! : -1;
    if (address >= 0) freeBytes -= bytes;
    else address = carve(bytes);
    used += bytes;
    if (used > peak) peak = used;
    return { address, bytes };
  }

  function carve(bytes: number): number {
    let address = fromRegions(bytes);
    if (address >= 0) return address;
    const fits = top + bytes <= memory.buffer.byteLength;
    // Merging sorts all free blocks: it pays only if much is free, or if nothing else is left.
    if (!fits && freedSinceMerge >= bytes && (freeBytes > top / 4 || top + bytes > most)) {
      merge();
      address = fromRegions(bytes);
      if (address >= 0) return address;
    }
    if (!fits) grow(bytes);
    address = top;
    top += bytes;
    return address;
  }

  function fromRegions(bytes: number): number {
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i]!;
      if (region.bytes < bytes) continue;
      const address = region.address;
      region.address += bytes;
      region.bytes -= bytes;
      freeBytes -= bytes;
      if (region.bytes === 0) regions.splice(i, 1);
      return address;
    }
    return -1;
  }

  function merge(): void {
    const runs = [...regions];
    for (const [bytes, list] of lists) {
      for (const address of list) runs.push({ address, bytes });
      list.length = 0;
    }
    runs.sort((a, b) => a.address - b.address);
    regions = [];
    for (const run of runs) {
      const last = regions.at(-1);
      if (last !== undefined && last.address + last.bytes === run.address) last.bytes += run.bytes;
      else regions.push({ ...run });
    }
    const last = regions.at(-1);
    if (last !== undefined && last.address + last.bytes === top) {
      top = last.address;
      freeBytes -= last.bytes;
      regions.pop();
    }
    freedSinceMerge = 0;
  }

  function grow(bytes: number): void {
    const size = memory.buffer.byteLength;
    const missing = top + bytes - size;
    if (missing <= 0) return;
    const headroom = most - size;
    const generous = Math.min(Math.max(missing, 16 << 20, size >> 3 << 0), headroom);
    for (const step of [generous, missing]) {
      if (step < missing || step > headroom) continue;
      try {
        memory.grow(Math.ceil(step / PAGE));
        return;
      } catch {
        // the system refuses this much: try just what is needed, then give up
      }
    }
    throw new UserError(
      "tensor.memory",
      `Cannot allocate ${mebibytes(bytes)}: ${mebibytes(used)} of at most ${mebibytes(most)} are in use`,
      "Use a smaller batch or sequence, accumulate gradients over more micro-batches (accumulate), recompute " +
        "activations in the backward pass (activations: recompute), hold frozen models in half precision " +
        "(stitch.frozen: half), or run on a GPU (--device webgpu)",
    );
  }

  return {
    allocate,
    free({ address, bytes }) {
      let list = lists.get(bytes);
      if (list === undefined) lists.set(bytes, list = []);
      list.push(address);
      used -= bytes;
      freeBytes += bytes;
      freedSinceMerge += bytes;
    },
    usedBytes: () => used,
    peakBytes: () => peak,
    forgetPeak: () => void (peak = used),
    reservedBytes: () => memory.buffer.byteLength,
    poison(value) {
      const fill = (address: number, bytes: number) => new Float32Array(memory.buffer, address, bytes / 4).fill(value);
      for (const [bytes, list] of lists) for (const address of list) fill(address, bytes);
      for (const { address, bytes } of regions) fill(address, bytes);
      fill(top, memory.buffer.byteLength - top);
    },
  };
}

/** Size of the class for `bytes`: a multiple of 64; above 1 KiB, with three significant bits after the first. */
function classSize(bytes: number): number {
  if (bytes <= 1024) return Math.max(64, Math.ceil(bytes / 64) * 64);
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 3);
  return Math.ceil(bytes / step) * step;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
