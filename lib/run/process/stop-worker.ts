// A worker that hears the signals that stop a run while the main thread is busy; see `hearStopsWhileBusy()`.
import { parentPort, workerData } from "node:worker_threads";

interface Data {
  readonly heard: Int32Array;
  readonly signals: readonly Deno.Signal[];
  /** Signals that come within this time of the first are the same. */
  readonly repeatMs: number;
}

const { heard, signals, repeatMs } = workerData as Data;
let firstAt = 0;

const listeners = signals.map((signal, i) => {
  const listener = () => {
    const first = Atomics.compareExchange(heard, 0, 0, i + 1) === 0;
    if (first) firstAt = performance.now();
    else if (signal !== "SIGHUP" && performance.now() - firstAt > repeatMs) end(signal);
  };
  Deno.addSignalListener(signal, listener);
  return { signal, listener };
});

/** Ends the process: by the signal if the main thread listens no longer, and otherwise by one that it cannot hear. */
function end(by: Deno.Signal): void {
  if (Atomics.load(heard, 1) === 0) return Deno.kill(Deno.pid, "SIGKILL");
  for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  Deno.kill(Deno.pid, by);
}

setInterval(() => {}, 2 ** 30); // listeners alone do not keep it alive
parentPort!.postMessage("ready");
