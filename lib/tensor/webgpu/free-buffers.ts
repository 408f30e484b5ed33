// tfjs keeps every buffer that a tensor gave back, for the next tensor of just that size. Where sizes go on changing, as
// the keys and values of a text that grows, these would fill the device's memory; so they are destroyed at times.

/** What tfjs's buffer manager keeps, part of it private; `tests/tensor/webgpu-backend_test.ts` checks that it is there. */
export interface BufferManager {
  readonly freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesUsed: number;
  numBytesAllocated: number;
}

/** Free bytes that are always allowed. */
const SPARE = 2 ** 28;

/**
 * Watches a buffer manager. A step of training gives back nearly all that it used and takes it again, so what is free may
 * grow to as much as was ever used at once.
 *
 * @returns a function to be called after each submission, when no free buffer waits for the device to be given its work
 */
export function watchFreeBuffers(manager: BufferManager, spare: number = SPARE): () => void {
  let peak = 0;
  return () => {
    peak = Math.max(peak, manager.numBytesUsed);
    if (manager.numBytesAllocated > 2 * peak + spare) destroyFreeBuffers(manager);
  };
}

function destroyFreeBuffers(manager: BufferManager): void {
  for (const buffers of manager.freeBuffers.values()) {
    for (const buffer of buffers) {
      manager.numBytesAllocated -= buffer.size;
      buffer.destroy();
    }
    buffers.length = 0;
  }
  manager.numFreeBuffers = 0;
}
