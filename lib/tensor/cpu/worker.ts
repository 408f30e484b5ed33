// A thread of the CPU backend: runs the kernels' own loop until it is told to stop.
import { parentPort, workerData } from "node:worker_threads";
import { FAILED } from "./control-block.ts";

interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
}

const { module, memory, thread } = workerData as Start;
const words = new Int32Array(memory.buffer);
try {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { setThread, work } = exports as unknown as { setThread(thread: number): void; work(): void };
  setThread(thread);
  parentPort!.postMessage("ready");
  work();
} catch (error) {
  Atomics.store(words, FAILED / 4, 1);
  throw error;
}
