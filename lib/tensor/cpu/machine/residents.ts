// Large tensors that do not fit into the shared memory together: those used least recently are moved out, and come back
// when they are used. WebAssembly addresses 4 GiB; a process has many more.
import { type Block, type Heap, LARGE } from "./heap.ts";
import type { Pages } from "./pages.ts";

/** What holds a block that may be moved out. */
export interface Resident {
  /** Its block, or what the block was before it was moved out. */
  block: Block;
  /** Address in the process of what was moved out. */
  outside: number | undefined;
  /** The operation that used it last. */
  used: number;
  /** Its address is about to change: what was derived from it is to be forgotten. */
  leave(): void;
  /** It has a new address. */
  arrive(): void;
}

export interface Residents {
  /** Bytes that one operation may use at once and leave room for what it makes; no limit where blocks cannot be moved. */
  readonly roomForOperation: number;
  /** Whether a block of this size can be moved out. */
  canHold(block: Block): boolean;
  add(resident: Resident): void;
  /** Frees its memory. */
  remove(resident: Resident): void;
  /** Brings it back if it is outside. It stays until the next `begin()`, and as long as nothing else needs its place. */
  use(resident: Resident): void;
  /** A new operation begins: what earlier ones used may be moved out. */
  begin(): void;
}

/**
 * @param window bytes that the shared memory may grow to
 * @param finish runs all waiting jobs: they know addresses
 */
export function createResidents(
  heap: Heap,
  window: number,
  pages: Pages | undefined,
  finish: () => void,
): Residents {
  /** Those inside, the least recently used first. */
  const inside = new Set<Resident>();
  let operation = 0;

  function moveOneOut(): boolean {
    const [oldest] = inside;
    if (oldest === undefined || oldest.used === operation) return false;
    finish();
    const { block } = oldest;
    const outside = pages!.out(block.address, block.bytes);
    if (outside === undefined) return false;
    oldest.leave();
    oldest.outside = outside;
    inside.delete(oldest);
    heap.vacate(block);
    return true;
  }

  function bringBack(resident: Resident): void {
    const { outside, block: { bytes } } = resident;
    resident.block = heap.readmit(bytes);
    finish(); // a waiting job may still use the place
    pages!.back(outside!, resident.block.address, bytes);
    resident.outside = undefined;
    resident.arrive();
  }

  if (pages !== undefined) heap.setRelief(moveOneOut);
  return {
    roomForOperation: pages === undefined ? Infinity : window / 4,
    canHold: ({ bytes }) => pages !== undefined && bytes >= LARGE,
    add(resident) {
      resident.used = operation;
      inside.add(resident);
    },
    remove(resident) {
      inside.delete(resident);
      const { outside, block } = resident;
      if (outside === undefined) heap.free(block);
      else {
        pages!.drop(outside, block.bytes);
        heap.forget(block.bytes);
      }
    },
    use(resident) {
      if (resident.outside !== undefined) bringBack(resident);
      else if (resident.used === operation) return;
      inside.delete(resident);
      inside.add(resident);
      resident.used = operation;
    },
    begin: () => void operation++,
  };
}
