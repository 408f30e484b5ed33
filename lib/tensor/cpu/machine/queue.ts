// Jobs that wait for the main thread. A kernel evicts the main thread's code and data from its caches, so that
// preparing a job takes several times as long right after a kernel as after another preparation. So the main thread
// prepares many jobs while the other threads begin to run them, and takes part when values are needed.
import { ARGUMENT_WORDS, ARGUMENTS } from "../layout/memory.ts";
import type { Block, Heap } from "./heap.ts";

export interface JobQueue {
  /** Where the next job's arguments are written before it is added. */
  readonly arguments: Int32Array;
  /** Adds a job with this many words of arguments; runs all jobs if many are waiting. */
  add(kernel: number, words: number, tasks: number, helpers: number): void;
  /** Address of a copy of these words, for the job added next. */
  stage(words: ArrayLike<number>): number;
  /** Runs all jobs in order. */
  finish(): void;
}

/** Most jobs that wait: more than a step of a few layers has in its forward or backward pass. */
const MOST = 256;
/** Initial memory for staged words. */
const STAGE_BYTES = 1 << 18;

/** Runs jobs whose arguments are in the control block. */
export interface Runner {
  /** Threads besides the main one. */
  readonly helpers: number;
  /** Runs a job with some helpers. */
  run(kernel: number, tasks: number, helpers: number): void;
  /** Hands a job to the helpers. */
  start(kernel: number, tasks: number): void;
  /** Whether the job that was started is not done yet. */
  isBusy(): boolean;
  /** Helps with the job that was started until it is done. */
  finish(kernel: number): void;
}

interface Job {
  kernel: number;
  words: number;
  tasks: number;
  helpers: number;
}

/**
 * A queue of jobs, run in order. Memory that is freed may be given out again at once, because its next user is a later
 * job; only code that reads or writes memory without a job must call `finish()` first.
 */
export function createQueue(memory: WebAssembly.Memory, heap: Heap, runner: Runner): JobQueue {
  const control = new Int32Array(memory.buffer, ARGUMENTS, ARGUMENT_WORDS);
  const next = new Int32Array(ARGUMENT_WORDS);
  const waiting = new Int32Array(MOST * ARGUMENT_WORDS);
  const jobs = Array.from({ length: MOST }, (): Job => ({ kernel: 0, words: 0, tasks: 0, helpers: 0 }));
  let count = 0;
  /** Jobs that were started; the last of them may not be done. */
  let started = 0;
  let stage = allocateStage(memory, heap, STAGE_BYTES);
  let staged = 0;

  function add(kernel: number, words: number, tasks: number, helpers: number): void {
    const at = count * ARGUMENT_WORDS;
    for (let i = 0; i < words; i++) waiting[at + i] = next[i]!;
    const job = jobs[count]!;
    job.kernel = kernel;
    job.words = words;
    job.tasks = tasks;
    job.helpers = helpers;
    if (++count === MOST) finish();
    else if (runner.helpers > 0 && (started === 0 || !runner.isBusy())) {
      const { kernel, tasks } = setArguments(started);
      runner.start(kernel, tasks);
      started++;
    }
  }

  function setArguments(index: number): Job {
    const at = index * ARGUMENT_WORDS;
    const job = jobs[index]!;
    for (let i = 0; i < job.words; i++) control[i] = waiting[at + i]!;
    return job;
  }

  function stageWords(words: ArrayLike<number>): number {
    if (staged + words.length > stage.words.length) emptyStage(words.length);
    stage.words.set(words, staged);
    const address = stage.block.address + 4 * staged;
    staged += words.length;
    return address;
  }

  function emptyStage(words: number): void {
    finish();
    if (words <= stage.words.length) return;
    const larger = allocateStage(memory, heap, 4 * words);
    heap.free(stage.block);
    stage = larger;
  }

  function finish(): void {
    const [begun, ready] = [started, count];
    started = 0;
    count = 0;
    staged = 0;
    if (begun > 0) runner.finish(jobs[begun - 1]!.kernel);
    for (let index = begun; index < ready; index++) {
      const { kernel, tasks, helpers } = setArguments(index);
      runner.run(kernel, tasks, helpers);
    }
  }

  return { arguments: next, add, stage: stageWords, finish };
}

/** Memory for staged words. */
function allocateStage(memory: WebAssembly.Memory, heap: Heap, bytes: number): { block: Block; words: Int32Array } {
  const block = heap.allocate(bytes);
  return { block, words: new Int32Array(memory.buffer, block.address, block.bytes / 4) };
}
