// Stopping on Ctrl-C, SIGTERM and SIGHUP: the first stops cleanly, a second Ctrl-C or SIGTERM at once.
import { Worker } from "node:worker_threads";
import { attempt } from "../../errors.ts";

/** Why a run was stopped from outside. */
export class StopError extends Error {
  /** 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP: 128 plus the signal's number, as in shells. */
  readonly exitCode: number;

  constructor(readonly signal: StopName) {
    super(`Stopped by ${names[signal]}`);
    this.name = "StopError";
    this.exitCode = exitCodes[signal];
  }
}

type StopName = keyof typeof exitCodes;

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const names = { SIGINT: "Ctrl-C", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP: its terminal was closed" } as const;

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

let controller: AbortController | undefined;
const listeners = new Map<Deno.Signal, () => void>();
let stopped = false;
/**
 * One Ctrl-C comes as several signals within a millisecond: the terminal sends it to all processes, and `deno task` passes
 * it on, twice. A signal that comes later than this is another one.
 */
const REPEAT_MS = 150;
/** Tells the worker that this thread listens no longer. */
let leaveToWorker = () => {};

/**
 * A signal that is aborted with a {@linkcode StopError} by the first Ctrl-C, SIGTERM or SIGHUP (a closed terminal; ignored
 * under `nohup`). A second Ctrl-C or SIGTERM ends the process at once, even during a long computation. SIGHUP never does,
 * because a closing terminal may send it several times. Every call returns the same signal.
 */
export function stopSignal(): AbortSignal {
  if (controller !== undefined) return controller.signal;
  controller = new AbortController();
  for (const signal of heededSignals()) {
    const listener = () => stop(signal);
    attempt(() => { // Windows has SIGINT only
      Deno.addSignalListener(signal, listener);
      listeners.set(signal, listener);
    });
  }
  return controller.signal;
}

function heededSignals(): StopName[] {
  return STOP_SIGNALS.filter((signal) => signal !== "SIGHUP" || heedsHangUp());
}

function stop(signal: StopName): void {
  // What repeats this signal still finds a listener, and is dropped with it.
  if (!stopped) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, REPEAT_MS);
  // Without listeners, the system ends the process itself; a listener would have to wait for its turn.
  for (const [name, listener] of listeners) {
    if (name !== "SIGHUP") Deno.removeSignalListener(name, listener);
  }
  leaveToWorker();
  if (stopped) return;
  stopped = true;
  controller!.abort(new StopError(signal));
  // After SIGHUP nobody reads the output, and writing may fail.
  if (signal !== "SIGHUP") console.error(`\nStopping cleanly; press Ctrl-C again to stop at once.`);
}

/**
 * Lets {@linkcode stopSignal} be aborted while this thread computes and its event loop is blocked, as during a training
 * step on a WebGPU device: a worker listens as well, and `aborted` and `throwIfAborted()` check what it received. A second
 * Ctrl-C or SIGTERM then kills the process.
 */
export async function hearStopsWhileBusy(): Promise<void> {
  const signal = stopSignal();
  const signals = heededSignals();
  const heard = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL("./stop-worker.ts", import.meta.url), {
    workerData: { heard, signals, repeatMs: REPEAT_MS },
  });
  await new Promise((resolve) => worker.once("message", resolve));
  worker.unref();
  // It goes on listening: a signal that comes while it is terminated would be lost.
  leaveToWorker = () => Atomics.store(heard, 1, 1);
  const { aborted } = Object.getOwnPropertyDescriptors(AbortSignal.prototype);
  const listen = () => {
    const index = Atomics.load(heard, 0);
    if (index > 0 && !stopped) stop(signals[index - 1]!);
  };
  Object.defineProperties(signal, {
    aborted: {
      get() {
        listen();
        return aborted.get!.call(signal);
      },
    },
    throwIfAborted: {
      value() {
        listen();
        AbortSignal.prototype.throwIfAborted.call(signal);
      },
    },
  });
}

/** Whether SIGHUP should stop us: not on Windows, and not where it is ignored, as under `nohup` (only Linux can tell). */
export function heedsHangUp(): boolean {
  if (Deno.build.os === "windows") return false;
  try {
    const ignored = Deno.readTextFileSync("/proc/self/status").match(/^SigIgn:\s*([0-9a-f]+)$/m);
    return ignored === null || (BigInt(`0x${ignored[1]}`) & 1n) === 0n;
  } catch (error) {
    // Without all permissions this cannot be determined; SIGHUP then keeps its default behavior.
    return !(error instanceof Deno.errors.NotCapable);
  }
}

/** Why the process is stopping, or undefined when it is not. */
export function stopReason(): StopError | undefined {
  const reason = controller?.signal.reason;
  return reason instanceof StopError ? reason : undefined;
}
