// Memory, kernels and threads together: what the backend computes with.
import { Worker } from "node:worker_threads";
import { UserError } from "../../../errors.ts";
import { withTimeout } from "../../../timeout.ts";
import { addressOf } from "../../address.ts";
import { type BlasLibrary, findBlas, openBlas } from "../../blas.ts";
import { type Arguments, KERNEL_NAMES, type KernelName, KERNELS } from "../layout/jobs.ts";
import {
  EPOCH,
  HEAP_BASE,
  MEMORY_ADDRESS,
  NATIVE_COLUMNS,
  NATIVE_PACKED_ROWS,
  NATIVE_ROWS,
  SCRATCH,
  SCRATCH_STRIDE,
  STOP,
} from "../layout/memory.ts";
import { type RecordLayout, writeRecord } from "../layout/record.ts";
import { type Constants, createConstants } from "./constant-matrices.ts";
import { type Block, createHeap, type Heap, MOST_BYTES } from "./heap.ts";
import { returnFreedArrays } from "./host-memory.ts";
import { adviseHugePages } from "./huge-pages.ts";
import { instantiate, loadKernels, type SimdLevel } from "./load.ts";
import { type NativeLevel, nativeLevels, openNative } from "../x86/open.ts";
import { openPages } from "./pages.ts";
import { createQueue } from "./queue.ts";
import { createResidents, type Residents } from "./residents.ts";
import type { WorkerStart } from "./worker.ts";

export interface Machine {
  readonly heap: Heap;
  /** Large tensors, which need not all be in the shared memory at once. */
  readonly residents: Residents;
  /** Matrices that never change. */
  readonly constants: Constants;
  readonly simd: SimdLevel;
  /** Threads that compute, this one included. */
  readonly threads: number;
  /** The kernels in machine code, with the shape of their tiles, if they were asked for and run here. */
  readonly native: { readonly level: NativeLevel; readonly rows: number; readonly columns: number } | undefined;
  /** The system's BLAS, if it was asked for and found. */
  readonly blas: BlasLibrary | undefined;
  /** Whether the bits of a product's rows may not depend on the number of rows. */
  rowInvariant: boolean;
  /**
   * Runs `tasks` tasks of a kernel, now or with later jobs; jobs keep their order.
   *
   * @param cost rough nanoseconds of the whole job on one thread: little work is not worth waking other threads
   */
  run<Name extends KernelName>(kernel: Name, args: Arguments<Name>, tasks: number, cost: number): void;
  /** Address of a copy of these words, for the job that is run next. */
  stage(words: ArrayLike<number>): number;
  /** Runs all waiting jobs. */
  finish(): void;
  /**
   * A part of the memory, to be read or written at once: waiting jobs are run first. What is written later may come
   * before jobs that were queued earlier.
   */
  view<T>(
    Type: new (buffer: ArrayBufferLike, address: number, length: number) => T,
    address: number,
    length: number,
  ): T;
  /** Makes every thread's scratch memory at least this large. */
  reserveScratch(bytes: number): void;
  /** Resolves with the reason if a thread dies. */
  readonly failure: Promise<Error>;
  /** The workers themselves, for tests of their death. */
  readonly workers: readonly Worker[];
  close(): Promise<void>;
}

export interface MachineOptions {
  readonly threads: number;
  /** Most bytes of all blocks. @default the machine's memory where blocks can be moved out, or else 4 GiB less a page */
  readonly limit?: number;
  /** Most bytes the shared memory may grow to. @default 4 GiB less a page, or the limit if that is less */
  readonly window?: number;
  /** Which build of the kernels. @default the best that runs here */
  readonly simd?: SimdLevel;
  /** What computes matrix products. @default the first that is available */
  readonly products?: Products | undefined;
}

/**
 * What computes matrix products: our machine code for AMX (split bfloat16 with float32's precision), AVX-512 or AVX2,
 * the system's BLAS, or the WebAssembly kernels, which run anywhere.
 */
export type Products = typeof PRODUCTS[number];

export const PRODUCTS = ["amx", "avx512", "avx2", "blas", "wasm"] as const;

/** A thread that sleeps ends within milliseconds; one that hangs is not waited for. */
const MOST_MS_TO_END = 2000;

/** Below this many nanoseconds a job stays on the main thread. */
const WORTH_SHARING = 25_000;

const kernelNumbers: ReadonlyMap<KernelName, number> = new Map(KERNEL_NAMES.map((name, i) => [name, i]));

/** Creates the memory, loads the kernels and starts `threads − 1` workers, or fewer if they cannot be started. */
export async function createMachine(
  options: MachineOptions,
): Promise<Machine> {
  const { module, simd } = await loadKernels(options.simd);
  const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
  await adviseHugePages(memory);
  await returnFreedArrays();
  const { native, blas } = await findProducts(options.products);
  const library = blas && openBlas(blas.path, memory);
  const opened = native && openNative(native);
  const kernels = instantiate(module, memory, { sgemm: library?.sgemm, native: opened?.call });
  kernels.setThread(0);
  const { window = MOST_BYTES } = options;
  const machineBytes = await memoryBytes();
  const pages = await openPages(memory, options.limit ?? machineBytes);
  const { limit = pages === undefined ? window : Math.max(window, machineBytes) } = options;
  const heap = createHeap(memory, HEAP_BASE, { limit, window: Math.min(window, limit) });
  const words = new Int32Array(memory.buffer, 0, HEAP_BASE / 4);
  if (opened !== undefined) {
    new BigUint64Array(memory.buffer, MEMORY_ADDRESS, 1)[0] = BigInt(addressOf(memory));
    words[NATIVE_ROWS / 4] = opened.shape.rows;
    words[NATIVE_COLUMNS / 4] = opened.shape.columns;
    words[NATIVE_PACKED_ROWS / 4] = opened.shape.packedRows;
  }
  let broken: Error | undefined;
  let closed = false;
  let report: (error: Error) => void;
  const failure = new Promise<Error>((resolve) => report = resolve);
  const fail = (reason: string): Error => {
    broken ??= new Error(`The CPU backend cannot continue: ${reason}`);
    report(broken);
    return broken;
  };

  const workers = await startWorkers({ module, memory, blas: blas?.path, native }, options.threads - 1);
  const ended = workers.map((worker) => new Promise<void>((resolve) => worker.once("exit", () => resolve())));
  for (const worker of workers) {
    worker.on("error", (error) => closed || fail(`a thread died (${(error as Error).message})`));
    worker.on("exit", () => closed || fail("a thread exited unexpectedly"));
  }

  const check = (kernel: number, outcome: number): void => {
    if (outcome === 0) return;
    throw fail(`a thread ${outcome === 1 ? "trapped" : "stopped"} in ${KERNEL_NAMES[kernel]}`);
  };
  const queue = createQueue(memory, heap, {
    helpers: workers.length,
    run(kernel, tasks, helpers) {
      if (broken !== undefined) throw broken;
      check(kernel, kernels.run(kernel, tasks, helpers));
    },
    start: (kernel, tasks) => kernels.start(kernel, tasks, workers.length),
    isBusy: () => kernels.isBusy() !== 0,
    finish(kernel) {
      if (broken !== undefined) throw broken;
      check(kernel, kernels.finish());
    },
  });

  let scratch: Block | undefined;
  let stride = 0;
  function reserveScratch(bytes: number): void {
    if (bytes <= stride) return;
    queue.finish();
    const wanted = Math.ceil(bytes / 64) * 64;
    const larger = heap.allocate(wanted * (workers.length + 1));
    if (scratch !== undefined) heap.free(scratch);
    [scratch, stride] = [larger, wanted];
    words[SCRATCH / 4] = scratch.address;
    words[SCRATCH_STRIDE / 4] = stride;
  }
  reserveScratch(1 << 18);

  function helpersFor(cost: number): number {
    if (broken !== undefined) throw broken;
    return cost < WORTH_SHARING ? 0 : workers.length;
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    try {
      if (broken === undefined) queue.finish(); // values remain readable
    } finally {
      await end();
    }
  }

  async function end(): Promise<void> {
    broken = new UserError("tensor.closed", "The device is closed");
    Atomics.store(words, STOP / 4, 1);
    Atomics.add(words, EPOCH / 4, 1);
    Atomics.notify(words, EPOCH / 4);
    // They end by themselves. Deno's terminate() does not wait: a thread would still free its memory while the process exits.
    await withTimeout(Promise.all(ended), MOST_MS_TO_END);
    await Promise.all(workers.map((worker) => worker.terminate()));
    library?.close();
    opened?.close();
    pages?.close();
  }

  return {
    heap,
    residents: createResidents(heap, window, pages, queue.finish),
    constants: createConstants(heap),
    simd,
    threads: workers.length + 1,
    native: native && opened && { level: native, rows: opened.shape.rows, columns: opened.shape.columns },
    blas,
    rowInvariant: false,
    run(kernel, args, tasks, cost) {
      const words = writeRecord(KERNELS[kernel].arguments as RecordLayout, args, queue.arguments);
      queue.add(kernelNumbers.get(kernel)!, words, tasks, helpersFor(cost));
    },
    stage: queue.stage,
    finish: queue.finish,
    view(Type, address, length) {
      queue.finish();
      return new Type(memory.buffer, address, length);
    },
    reserveScratch,
    failure,
    workers,
    close,
  };
}

/**
 * What is asked for by name or by `STITCHBOOK_PRODUCTS`, else the first that is available; a BLAS that
 * `STITCHBOOK_BLAS` names has precedence over machine code.
 *
 * @throws UserError `device.products` or `device.blas` if what is asked for by name is not available
 */
async function findProducts(
  wanted: string | undefined,
): Promise<{ readonly native?: NativeLevel; readonly blas?: BlasLibrary }> {
  const name = wanted ?? (Deno.env.get("STITCHBOOK_PRODUCTS") || undefined);
  const chosen = PRODUCTS.find((one) => one === name);
  if (name !== undefined && chosen === undefined) {
    throw new UserError("device.products", `STITCHBOOK_PRODUCTS is "${name}": expected ${PRODUCTS.join(", ")}`);
  }
  if (chosen === "wasm") return {};
  const levels = await nativeLevels();
  const named = Deno.env.get("STITCHBOOK_BLAS");
  const blasFirst = named !== undefined && named !== "" && named !== "off";
  const [native] = chosen === undefined ? levels : levels.filter((level) => level === chosen);
  const blas = chosen === "blas" || (chosen === undefined && (blasFirst || native === undefined))
    ? await findBlas()
    : undefined;
  if (blas !== undefined) return { blas };
  if (blasFirst && (chosen === undefined || chosen === "blas")) {
    throw new UserError(
      "device.blas",
      `Cannot open STITCHBOOK_BLAS=${named} as a library with cblas_sgemm`,
      "give its full path and --allow-ffi, or unset STITCHBOOK_BLAS",
    );
  }
  if (native !== undefined) return { native };
  if (chosen === undefined) return {};
  throw new UserError(
    "device.products",
    `Cannot compute matrix products by ${chosen}: it is not available here`,
    chosen === "blas"
      ? "install a BLAS (Debian: libopenblas0) and give --allow-ffi, or unset STITCHBOOK_PRODUCTS"
      : "the native kernels need Linux on x86-64, a processor with these instructions, and --allow-ffi",
  );
}

/** The machine's memory in bytes; 16 GiB where it cannot be known. */
async function memoryBytes(): Promise<number> {
  const { state } = await Deno.permissions.query({ name: "sys", kind: "systemMemoryInfo" });
  return state === "granted" ? Deno.systemMemoryInfo().total : 2 ** 34;
}

type Start = Omit<WorkerStart, "thread">;

/** Starts as many of `count` workers as possible; none where the host has no threads. */
async function startWorkers(start: Start, count: number): Promise<Worker[]> {
  const started = Array.from({ length: count }, (_, i) => startWorker(start, i + 1));
  const settled = await Promise.allSettled(started);
  return settled.flatMap((outcome) => outcome.status === "fulfilled" ? [outcome.value] : []);
}

function startWorker(start: Start, thread: number): Promise<Worker> {
  return new Promise((resolve, reject) => {
    // node's Worker, which lets the process exit while it sleeps; a web Worker keeps the process alive
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: { ...start, thread } });
    worker.once("error", reject);
    worker.once("message", () => {
      worker.off("error", reject);
      worker.unref();
      resolve(worker);
    });
  });
}
