// The beginning of the shared memory, below the heap: the control block, the arguments of the running job, and a block
// for each thread. Every exported number is also a constant of the WebAssembly source.
import { MOST_THREADS } from "../../../device-names.ts";
import { EXPONENTIAL } from "./constants.ts";
import { AMX_CALL, ARRAYS_CALL, PACK_CALL, PACKED_CALL, ROWS_CALL, SPLIT_CALL, TILES_CALL } from "./native.ts";
import { PRODUCT } from "./jobs.ts";
import { arrange, record } from "./record.ts";

/** Most words of arguments that a job may have. */
export const ARGUMENT_WORDS = 512;
const JOB = record({
  kernel: "i32",
  tasks: "i32",
  scratch: "usize",
  scratchStride: "usize",
  memoryAddress: "u64",
  nativeRows: "i32",
  nativeColumns: "i32",
  nativePackedRows: "i32",
});

/** Words that threads contend for have a cache line each. Address 0 is left unused. */
const WORDS = { nothing: 4, shares: 4, epoch: 4, done: 4, sleepers: 4, waiting: 4, failed: 4, stop: 4 };
const control = arrange({
  ...WORDS,
  job: JOB.bytes,
  exponential: 16 * Object.keys(EXPONENTIAL).length,
  arguments: 4 * ARGUMENT_WORDS,
});

/** Number of threads that share the job's tasks. */
export const SHARES = control.places.shares;
/** Counts jobs; idle workers wait on it. */
export const EPOCH = control.places.epoch;
/** Number of finished tasks; the main thread waits on it. */
export const DONE = control.places.done;
/** Number of sleeping workers. */
export const SLEEPERS = control.places.sleepers;
/** 1 while the main thread sleeps. */
export const WAITING = control.places.waiting;
/** 1 once a worker has trapped. */
export const FAILED = control.places.failed;
/** 1 to end the workers. */
export const STOP = control.places.stop;

/** The running job: its kernel and number of tasks. */
export const KERNEL = control.places.job + JOB.offsets.kernel;
export const TASKS = control.places.job + JOB.offsets.tasks;
/** Address of the first thread's scratch memory, and the bytes to the next thread's. */
export const SCRATCH = control.places.job + JOB.offsets.scratch;
export const SCRATCH_STRIDE = control.places.job + JOB.offsets.scratchStride;
/** Address of the shared memory in the process (64 bits). */
export const MEMORY_ADDRESS = control.places.job + JOB.offsets.memoryAddress;
/** Rows and columns of the machine code's tiles; 0 without machine code. */
export const NATIVE_ROWS = control.places.job + JOB.offsets.nativeRows;
export const NATIVE_COLUMNS = control.places.job + JOB.offsets.nativeColumns;
/** Most rows that machine code multiplies by packed weights at a time. */
export const NATIVE_PACKED_ROWS = control.places.job + JOB.offsets.nativePackedRows;
/** Constants of exp, four lanes each. */
export const EXPONENTIAL_CONSTANTS = control.places.exponential;
/** Arguments of the running job. */
export const ARGUMENTS = control.places.arguments;

/** A thread's block: a product, two records of arguments for machine code, and a word that threads contend for. */
const block = arrange({
  product: PRODUCT.bytes,
  call: Math.max(TILES_CALL.bytes, AMX_CALL.bytes, PACKED_CALL.bytes),
  secondCall: Math.max(...[PACK_CALL, ARRAYS_CALL, ROWS_CALL, SPLIT_CALL].map(({ bytes }) => bytes)),
  left: 4,
});

export const THREAD_PRODUCT = block.places.product;
/** Arguments for machine code that computes products. */
export const THREAD_CALL = block.places.call;
/** Arguments for any other machine code, which may be called while those of a product are being prepared. */
export const THREAD_SECOND_CALL = block.places.secondCall;
/** Number of unclaimed tasks in the thread's share; zero or less between jobs. */
export const THREAD_LEFT = block.places.left;
/** Bytes from one thread's block to the next: a multiple of 128, because processors fetch cache lines in pairs. */
export const THREAD_BYTES = Math.ceil(block.bytes / 128) * 128;

/** The threads' blocks. */
export const THREADS = Math.ceil(control.bytes / 128) * 128;
/** The heap begins here, on a page. */
export const HEAP_BASE = Math.ceil((THREADS + MOST_THREADS * THREAD_BYTES) / 4096) * 4096;
