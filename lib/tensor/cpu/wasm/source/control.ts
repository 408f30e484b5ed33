// How jobs reach the threads: a counter for each thread's share of the tasks, and the loops of the main thread and the
// workers. All instances of this module share one memory.
import { dispatch } from "./generated/dispatch";
import {
  DONE, EPOCH, FAILED, KERNEL, SHARES, SLEEPERS, STOP, TASKS, THREAD_BYTES, THREAD_LEFT, THREADS, WAITING,
  writeExponentialConstants,
} from "./generated/layout";
import { setThreadNumber, threadNumber } from "./thread";

/**
 * About 500 µs: longer than the gaps between a step's operations, because waking up takes longer than a small
 * operation.
 */
const SPINS: i32 = 600_000;
const WAIT_NANOSECONDS: i64 = 100_000_000;
/** 30 seconds in which no task finishes: no task takes that long, so a worker must have died inside one. */
const STALLS: i32 = 300;

/** Must be called before anything else. */
export function setThread(index: i32): void {
  setThreadNumber(index);
  writeExponentialConstants(); // all threads write the same bytes
}

/**
 * Runs all tasks of a job with `workers` workers. Returns 0 when done, 1 if a worker trapped, 2 if one does not
 * respond.
 */
export function run(kernel: i32, total: i32, workers: i32): i32 {
  if (workers == 0 || total <= 1) {
    for (let task = 0; task < total; task++) dispatch(kernel, task);
    return 0;
  }
  start(kernel, total, workers);
  return finish();
}

/** Hands a job to one or more workers and returns; the previous job must be done. */
export function start(kernel: i32, total: i32, workers: i32): void {
  atomic.store<i32>(DONE, 0);
  store<i32>(KERNEL, kernel);
  store<i32>(TASKS, total);
  store<i32>(SHARES, workers + 1);
  for (let t = 0; t <= workers; t++) atomic.store<i32>(leftOf(t), endOf(t) - endOf(t - 1));
  atomic.add<i32>(EPOCH, 1);
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(EPOCH, workers);
}

/** Whether the job started last is not done yet. */
export function isBusy(): i32 {
  return <i32> (atomic.load<i32>(DONE) != load<i32>(TASKS));
}

/** Takes part in the job started last until it is done. Returns as {@linkcode run} does. */
export function finish(): i32 {
  runShares();
  return join(load<i32>(TASKS));
}

/** Address of a share's number of unclaimed tasks. */
@inline function leftOf(share: i32): usize {
  return THREADS + THREAD_LEFT + <usize> share * THREAD_BYTES;
}

/** One past the last task of a share. */
@inline function endOf(share: i32): i32 {
  return <i32> (<i64> load<i32>(TASKS) * <i64> (share + 1) / <i64> load<i32>(SHARES));
}

/**
 * Runs this thread's share of the tasks, then takes tasks from the other shares. Each thread gets the same rows from
 * job to job, so that they stay in its cache.
 *
 * A claim is valid only if the share had a task left. A job with a valid claim cannot end before the claimed task is
 * done, so what is read after the claim belongs to that job even if the worker woke late.
 */
function runShares(): void {
  for (let i = 0; i < load<i32>(SHARES); i++) {
    const share = (threadNumber() + i) % load<i32>(SHARES);
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

/** A worker's loop. */
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
