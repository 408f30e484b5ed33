// Jobs that wait for the main thread. A kernel drives the main thread's own code and data out of its caches, so that what
// prepares the next job takes several times as long right after one as it takes right after another preparation. So it
// prepares many, while the other threads begin to run them, and takes part when values are wanted.
import { ARGUMENT_COUNT, ARGUMENTS } from "./control-block.ts";
import type { Block, Heap } from "./heap.ts";

export interface JobQueue {
  /** The next job's arguments, as integers and as floats; those that are not set are the last job's. */
  readonly ints: Int32Array;
  readonly floats: Float32Array;
  /** Says that the next jobs read this many arguments, where those are more than 32. */
  reach(count: number): void;
  /** Adds a job, and runs all if they are many by now. */
  add(kernel: number, tasks: number, helpers: number): void;
  /** Address of a copy of these words, for the job that is added next. */
  stage(words: ArrayLike<number>): number;
  /** Runs all jobs, in their order. */
  finish(): void;
}

/** Most jobs that wait: more than a step of a few layers has on its way forward or back. */
const MOST = 256;
/** Bytes for what is staged, at first. */
const ROOM = 1 << 18;

/** How jobs are run, with the arguments that are in the control block. */
export interface Runner {
  /** Threads besides the main one. */
  readonly helpers: number;
  /** Runs a job with some helpers. */
  run(kernel: number, tasks: number, helpers: number): void;
  /** Gives a job to the helpers. */
  start(kernel: number, tasks: number): void;
  /** Whether the job that was started is not done yet. */
  isBusy(): boolean;
  /** Helps with the job that was started until it is done. */
  finish(kernel: number): void;
}

/**
 * A queue of jobs, which are run in their order. Memory that is freed may be given out again at once, for what uses it
 * then is a later job; only what reads or writes memory without a job must call `finish()` before.
 */
export function createQueue(
  memory: WebAssembly.Memory,
  heap: Heap,
  runner: Runner,
): JobQueue {
  const control = new Int32Array(memory.buffer, ARGUMENTS, ARGUMENT_COUNT);
  const ints = new Int32Array(ARGUMENT_COUNT);
  const waiting = new Int32Array(MOST * ARGUMENT_COUNT);
  /** Kernel, tasks, helpers and number of arguments of each waiting job. */
  const jobs = new Int32Array(4 * MOST);
  let count = 0;
  /** Jobs that were started; the last of them may not be done. */
  let started = 0;
  let reached = 32;
  let room = roomFor(memory, heap, ROOM);
  let used = 0;

  function add(kernel: number, tasks: number, helpers: number): void {
    const at = count * ARGUMENT_COUNT;
    for (let i = 0; i < reached; i++) waiting[at + i] = ints[i]!;
    jobs[4 * count] = kernel;
    jobs[4 * count + 1] = tasks;
    jobs[4 * count + 2] = helpers;
    jobs[4 * count + 3] = reached;
    if (++count === MOST) finish();
    else if (runner.helpers > 0 && (started === 0 || !runner.isBusy())) {
      setArguments(started);
      runner.start(jobs[4 * started]!, jobs[4 * started + 1]!);
      started++;
    }
  }

  function setArguments(job: number): void {
    const at = job * ARGUMENT_COUNT;
    const length = jobs[4 * job + 3]!;
    for (let i = 0; i < length; i++) control[i] = waiting[at + i]!;
  }

  function stage(words: ArrayLike<number>): number {
    if (used + words.length > room.words.length) makeRoom(words.length);
    room.words.set(words, used);
    const address = room.block.address + 4 * used;
    used += words.length;
    return address;
  }

  function makeRoom(words: number): void {
    finish();
    if (words <= room.words.length) return;
    const larger = roomFor(memory, heap, 4 * words);
    heap.free(room.block);
    room = larger;
  }

  function finish(): void {
    const [begun, ready] = [started, count];
    started = 0;
    count = 0;
    used = 0;
    if (begun > 0) runner.finish(jobs[4 * (begun - 1)]!);
    for (let job = begun; job < ready; job++) {
      setArguments(job);
      runner.run(jobs[4 * job]!, jobs[4 * job + 1]!, jobs[4 * job + 2]!);
    }
  }

  return {
    ints,
    floats: new Float32Array(ints.buffer),
    reach: (words) => void (reached = Math.max(reached, words)),
    add,
    stage,
    finish,
  };
}

/** Memory for words that are staged. */
function roomFor(memory: WebAssembly.Memory, heap: Heap, bytes: number): { block: Block; words: Int32Array } {
  const block = heap.allocate(bytes);
  return { block, words: new Int32Array(memory.buffer, block.address, block.bytes / 4) };
}
