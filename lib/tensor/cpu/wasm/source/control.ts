// How a job reaches the threads: a control block at the bottom of the shared memory, a counter that hands out tasks,
// and the loops of the main thread and of the workers. Every instance of this module runs on the same memory.
import { dispatch } from "./dispatch";
import { writeConstants } from "./math";
import { CALL_BYTES, CALLS, setCallRoom } from "./native";

// Each word that threads fight over has a cache line of its own. control-block.ts names the same addresses.
const SHARES: usize = 64; // threads that the job's tasks are shared among
const EPOCH: usize = 128; // one more at each job; idle workers sleep on it
const DONE: usize = 192; // tasks finished; the main thread sleeps on it
const SLEEPERS: usize = 256; // workers asleep
const WAITING: usize = 320; // 1 while the main thread sleeps on DONE
const FAILED: usize = 384; // 1 when a worker has trapped
const STOP: usize = 448; // 1 to end the workers
const KERNEL: usize = 512;
const TOTAL: usize = 516;
const SCRATCH: usize = 520; // address of thread 0's scratch room
const SCRATCH_STRIDE: usize = 524;
const ARGUMENTS: usize = 1024;
/** In each thread's room: tasks of its share not yet claimed; at or below zero between jobs. */
const LEFT: usize = CALLS + CALL_BYTES - 64;

/** Some 500 µs: longer than the gaps between the operations of a step, for waking takes longer than a small operation. */
const SPINS: i32 = 600_000;
const WAIT_NANOSECONDS: i64 = 100_000_000;
/** 30 seconds without any task finishing: no task takes that long, so a worker must have died inside one. */
const STALLS: i32 = 300;

let thread: i32 = 0;

/** Must be called first. */
export function setThread(index: i32): void {
  thread = index;
  writeConstants();
  setCallRoom(index);
}

// @ts-ignore: decorator
@inline
export function arg(index: i32): i32 {
  return load<i32>(ARGUMENTS + (<usize> index << 2));
}

// @ts-ignore: decorator
@inline
export function argf(index: i32): f32 {
  return load<f32>(ARGUMENTS + (<usize> index << 2));
}

/** This thread's scratch room. */
export function scratch(): usize {
  return load<usize>(SCRATCH) + <usize> thread * load<usize>(SCRATCH_STRIDE);
}

/** Runs all tasks of a job with `workers` helpers; 0 = done, 1 = a worker trapped, 2 = a worker is gone. */
export function run(kernel: i32, total: i32, workers: i32): i32 {
  if (workers == 0 || total <= 1) {
    for (let task = 0; task < total; task++) dispatch(kernel, task);
    return 0;
  }
  start(kernel, total, workers);
  return finish();
}

/** Gives a job to `workers` helpers, one or more, and goes on; the job before must be done. */
export function start(kernel: i32, total: i32, workers: i32): void {
  atomic.store<i32>(DONE, 0);
  store<i32>(KERNEL, kernel);
  store<i32>(TOTAL, total);
  store<i32>(SHARES, workers + 1);
  for (let t = 0; t <= workers; t++) atomic.store<i32>(leftOf(t), endOf(t) - endOf(t - 1));
  atomic.add<i32>(EPOCH, 1);
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(EPOCH, workers);
}

/** Whether the job that was started last is not done yet. */
export function isBusy(): i32 {
  return <i32> (atomic.load<i32>(DONE) != load<i32>(TOTAL));
}

/** Takes part in the job that was started last until it is done; what comes back is as of {@linkcode run}. */
export function finish(): i32 {
  runShares();
  return join(load<i32>(TOTAL));
}

// @ts-ignore: decorator
@inline
function leftOf(share: i32): usize {
  return LEFT + <usize> share * CALL_BYTES;
}

/** One past the last task of a share. */
// @ts-ignore: decorator
@inline
function endOf(share: i32): i32 {
  return <i32> (<i64> load<i32>(TOTAL) * <i64> (share + 1) / <i64> load<i32>(SHARES));
}

/**
 * Runs this thread's share of the tasks, then what others have left of theirs. The same thread comes to the same rows job
 * after job, and finds them in its own cache.
 *
 * A claim is valid only if there was something left of the share, and a job with a valid claim cannot end before that
 * claim is done, so that what is read after the claim belongs to it even if the worker woke late.
 */
function runShares(): void {
  for (let i = 0; i < load<i32>(SHARES); i++) {
    const share = (thread + i) % load<i32>(SHARES);
    while (true) {
      const left = atomic.sub<i32>(leftOf(share), 1);
      if (left <= 0) break;
      dispatch(load<i32>(KERNEL), endOf(share) - left);
      atomic.add<i32>(DONE, 1);
      if (atomic.load<i32>(WAITING) != 0) atomic.notify(DONE, 1);
    }
  }
}

function join(total: i32): i32 {
  let spins = 0;
  let stalls = 0;
  while (true) {
    const done = atomic.load<i32>(DONE);
    if (done == total) return 0;
    if (atomic.load<i32>(FAILED) != 0) return 1;
    if (++spins < SPINS) continue;
    atomic.store<i32>(WAITING, 1);
    const outcome = atomic.wait<i32>(DONE, done, WAIT_NANOSECONDS);
    atomic.store<i32>(WAITING, 0);
    stalls = outcome == 2 ? stalls + 1 : 0;
    if (stalls >= STALLS) return 2;
  }
}

/** A worker's life. */
export function work(): void {
  let seen = atomic.load<i32>(EPOCH);
  while (true) {
    runShares();
    let spins = 0;
    while (atomic.load<i32>(EPOCH) == seen) {
      if (atomic.load<i32>(STOP) != 0) return;
      if (++spins < SPINS) continue;
      atomic.add<i32>(SLEEPERS, 1);
      atomic.wait<i32>(EPOCH, seen, -1);
      atomic.sub<i32>(SLEEPERS, 1);
    }
    seen = atomic.load<i32>(EPOCH);
  }
}
