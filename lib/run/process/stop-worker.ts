// A worker that hears the signals that stop a run while the main thread is busy; see `hearStopsWhileBusy()`.
import { parentPort, workerData } from "node:worker_threads";

const { heard, signals } = workerData as { readonly heard: Int32Array; readonly signals: readonly Deno.Signal[] };

const listeners = signals.map((signal, i) => {
  const listener = () => {
    const first = Atomics.compareExchange(heard, 0, 0, i + 1) === 0;
    if (!first && signal !== "SIGHUP") end(signal);
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
