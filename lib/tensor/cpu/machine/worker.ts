// A worker thread of the CPU backend: runs the kernels' own loop until it is told to stop.
import { parentPort, workerData } from "node:worker_threads";
import { openBlas } from "../../blas.ts";
import { FAILED } from "../layout/memory.ts";
import { instantiate } from "./load.ts";
import { type NativeLevel, openNative } from "../x86/open.ts";

/** What a worker starts with. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
  /** Path of the BLAS, if one is used. */
  readonly blas: string | undefined;
  /** Level of the machine code, if it is used. */
  readonly native: NativeLevel | undefined;
}

const { module, memory, thread, blas, native } = workerData as WorkerStart;
const words = new Int32Array(memory.buffer);
try {
  const { setThread, work } = instantiate(module, memory, {
    sgemm: blas === undefined ? undefined : openBlas(blas, memory).sgemm,
    native: native === undefined ? undefined : openNative(native).call,
  });
  setThread(thread);
  parentPort!.postMessage("ready");
  work();
} catch (error) {
  Atomics.store(words, FAILED / 4, 1);
  throw error;
}
