// The thread that runs this instance of the module: its number, its scratch memory, its block below the heap.
import {
  Product, SCRATCH, SCRATCH_STRIDE, THREAD_BYTES, THREAD_CALL, THREAD_PRODUCT, THREAD_SECOND_CALL, THREADS,
} from "./generated/layout";

let thread: i32 = 0;
let block: usize = 0;

export function setThreadNumber(index: i32): void {
  thread = index;
  block = THREADS + <usize> index * THREAD_BYTES;
}

@inline export function threadNumber(): i32 {
  return thread;
}

/** This thread's scratch memory. */
export function scratch(): usize {
  return load<usize>(SCRATCH) + <usize> thread * load<usize>(SCRATCH_STRIDE);
}

/** A product that this thread may fill in. */
@inline export function threadProduct(): Product {
  return changetype<Product>(block + THREAD_PRODUCT);
}

/** Arguments for machine code that computes products. */
@inline export function callArguments<T>(): T {
  return changetype<T>(block + THREAD_CALL);
}

/** Arguments for any other machine code, which may be called while those of a product are being prepared. */
@inline export function secondCallArguments<T>(): T {
  return changetype<T>(block + THREAD_SECOND_CALL);
}
