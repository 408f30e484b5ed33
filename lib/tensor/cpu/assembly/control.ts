// How a job reaches the threads: a control block at the bottom of the shared memory, a counter that hands out tasks,
// and the loops of the main thread and of the workers. Every instance of this module runs on the same memory.
import { dispatch } from "./dispatch";
import { writeConstants } from "./math";
import { setCallRoom } from "./native";

// Each word that threads fight over has a cache line of its own. control-block.ts names the same addresses.
const REMAINING: usize = 64; // tasks not yet claimed; at or below zero between jobs
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

/** Some 200 µs: longer than the gaps between the operations of a step, for waking costs more than a small one takes. */
const SPINS: i32 = 60_000;
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
  atomic.store<i32>(DONE, 0);
  store<i32>(KERNEL, kernel);
  store<i32>(TOTAL, total);
  atomic.store<i32>(REMAINING, total);
  atomic.add<i32>(EPOCH, 1);
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(EPOCH, workers);
  while (true) {
    const left = atomic.sub<i32>(REMAINING, 1);
    if (left <= 0) break;
    dispatch(kernel, total - left);
    atomic.add<i32>(DONE, 1);
  }
  return join(total);
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

/**
 * A worker's life. A claim is valid only while REMAINING is above zero, and a job with a valid claim cannot end before
 * that claim is done, so that what is read after the claim belongs to it even if the worker woke late.
 */
export function work(): void {
  let seen = atomic.load<i32>(EPOCH);
  while (true) {
    while (true) {
      const left = atomic.sub<i32>(REMAINING, 1);
      if (left <= 0) break;
      dispatch(load<i32>(KERNEL), load<i32>(TOTAL) - left);
      atomic.add<i32>(DONE, 1);
      if (atomic.load<i32>(WAITING) != 0) atomic.notify(DONE, 1);
    }
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
