// A worker that hears the signals that stop a run while the main thread is busy; see `hearStopsWhileBusy()`.
import { parentPort, workerData } from "node:worker_threads";

const { heard, signals } = workerData as { readonly heard: Int32Array; readonly signals: readonly Deno.Signal[] };

signals.forEach((signal, i) =>
  Deno.addSignalListener(signal, () => {
    const first = Atomics.compareExchange(heard, 0, 0, i + 1) === 0;
    if (!first && signal !== "SIGHUP") Deno.kill(Deno.pid, "SIGKILL");
  })
);
setInterval(() => {}, 2 ** 30); // listeners alone do not keep it alive
parentPort!.postMessage("ready");
