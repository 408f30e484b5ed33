// The first bytes of the shared memory, below the heap: the control block, the arguments of the job that runs, and each
// thread's own block. Every exported number is also a constant of the WebAssembly source.
import { MOST_THREADS } from "../../../device-names.ts";
import { EXPONENTIAL } from "./constants.ts";
import { AMX_CALL, ARRAYS_CALL, PACK_CALL, ROWS_CALL, SPLIT_CALL, TILES_CALL } from "./native.ts";
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
});

/** Words that threads contend for have a cache line each. Nothing is at address 0. */
const control = arrange({
  nothing: 4,
  shares: 4,
  epoch: 4,
  done: 4,
  sleepers: 4,
  waiting: 4,
  failed: 4,
  stop: 4,
  job: JOB.bytes,
  exponential: 16 * Object.keys(EXPONENTIAL).length,
  arguments: 4 * ARGUMENT_WORDS,
});

/** Threads that the job's tasks are shared among. */
export const SHARES = control.places.shares;
/** Counts jobs; idle workers sleep on it. */
export const EPOCH = control.places.epoch;
/** Tasks finished; the main thread sleeps on it. */
export const DONE = control.places.done;
/** Workers asleep. */
export const SLEEPERS = control.places.sleepers;
/** 1 while the main thread sleeps. */
export const WAITING = control.places.waiting;
/** 1 once a worker has trapped. */
export const FAILED = control.places.failed;
/** 1 to end the workers. */
export const STOP = control.places.stop;

/** The job that runs: its kernel and number of tasks. */
export const KERNEL = control.places.job + JOB.offsets.kernel;
export const TASKS = control.places.job + JOB.offsets.tasks;
/** Address of the first thread's scratch memory, and bytes from one thread's to the next. */
export const SCRATCH = control.places.job + JOB.offsets.scratch;
export const SCRATCH_STRIDE = control.places.job + JOB.offsets.scratchStride;
/** Address of the shared memory in the process (64 bits). */
export const MEMORY_ADDRESS = control.places.job + JOB.offsets.memoryAddress;
/** Rows and columns of the machine code's tiles; 0 without machine code. */
export const NATIVE_ROWS = control.places.job + JOB.offsets.nativeRows;
export const NATIVE_COLUMNS = control.places.job + JOB.offsets.nativeColumns;
/** Constants of the exponential function, four lanes each. */
export const EXPONENTIAL_CONSTANTS = control.places.exponential;
/** Arguments of the job that runs. */
export const ARGUMENTS = control.places.arguments;

/** A thread's own block: a product for {@linkcode PRODUCT}'s users, two records of calls, and a contended word. */
const block = arrange({
  product: PRODUCT.bytes,
  call: Math.max(TILES_CALL.bytes, AMX_CALL.bytes),
  secondCall: Math.max(...[PACK_CALL, ARRAYS_CALL, ROWS_CALL, SPLIT_CALL].map(({ bytes }) => bytes)),
  left: 4,
});

export const THREAD_PRODUCT = block.places.product;
/** Arguments of a product in machine code. */
export const THREAD_CALL = block.places.call;
/** Arguments of any other machine code, which a product may call while it prepares its own. */
export const THREAD_SECOND_CALL = block.places.secondCall;
/** Tasks of the thread's share that nobody has claimed; zero or less between jobs. */
export const THREAD_LEFT = block.places.left;
/** Bytes from one thread's block to the next: a multiple of 128, as processors fetch lines in pairs. */
export const THREAD_BYTES = Math.ceil(block.bytes / 128) * 128;

/** The threads' blocks. */
export const THREADS = Math.ceil(control.bytes / 128) * 128;
/** The heap begins here. */
export const HEAP_BASE = THREADS + MOST_THREADS * THREAD_BYTES;
