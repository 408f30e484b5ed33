// Addresses in the shared memory's first bytes; assembly/control.ts says what each word is for.
import { MOST_THREADS } from "../../../device-names.ts";

export const FAILED = 384;
export const STOP = 448;
export const EPOCH = 128;
export const SCRATCH = 520;
export const SCRATCH_STRIDE = 524;
export const ARGUMENTS = 1024;
export const ARGUMENT_COUNT = 512;
/** The memory's address in the process (8 bytes), rows and columns of the native kernels' tiles (0: there are none). */
export const MEMORY_ADDRESS = 528;
export const TILE_ROWS = 536;
export const TILE_COLUMNS = 540;
/** The heap begins here: each thread has 512 bytes for the arguments of a native call, from address 4096 on. */
export const HEAP_BASE = 4096 + 512 * MOST_THREADS;
