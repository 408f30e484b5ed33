// Limits the buffers that tfjs keeps for reuse. tfjs keeps every freed buffer for the next tensor of the same size; where
// sizes keep changing, like those of a growing cache of keys and values, these buffers would fill the device's memory.

/** The fields of tfjs's buffer manager, some of them private; `tests/tensor/webgpu-backend_test.ts` checks that they exist. */
export interface BufferManager {
  readonly freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesUsed: number;
  numBytesAllocated: number;
}

/** Bytes of free buffers that are always allowed. */
const SPARE = 2 ** 28;

/**
 * Watches a buffer manager. Each training step frees nearly all of its buffers and the next one reuses them, so free
 * buffers may take as much memory as was ever in use at once.
 *
 * @returns a function to call after each submission, when no recorded work uses a free buffer
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
