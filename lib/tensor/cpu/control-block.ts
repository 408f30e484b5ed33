// Addresses in the shared memory's first bytes; assembly/control.ts says what each word is for.

export const FAILED = 384;
export const STOP = 448;
export const EPOCH = 128;
export const SCRATCH = 520;
export const SCRATCH_STRIDE = 524;
export const ARGUMENTS = 1024;
export const ARGUMENT_COUNT = 512;
/** The heap begins here. */
export const HEAP_BASE = 4096;
