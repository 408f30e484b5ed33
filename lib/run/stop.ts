// Stopping on Ctrl-C and SIGTERM: the first asks, the second insists.

/** Why a run was stopped from outside. */
export class StopError extends Error {
  /** 130 for Ctrl-C, 143 for SIGTERM: 128 plus the signal's number, as shells have it. */
  readonly exitCode: number;

  constructor(readonly signal: "SIGINT" | "SIGTERM") {
    super(signal === "SIGINT" ? "Stopped by Ctrl-C" : "Stopped by SIGTERM");
    this.name = "StopError";
    this.exitCode = exitCodes[signal];
  }
}

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

let controller: AbortController | undefined;

/**
 * A signal that is aborted, with a {@linkcode StopError}, by the first Ctrl-C or SIGTERM. A second one ends the
 * process at once, even in the middle of a long computation. Every call gives the same signal.
 */
export function stopSignal(): AbortSignal {
  if (controller !== undefined) return controller.signal;
  const own = controller = new AbortController();
  const listeners = new Map<Deno.Signal, () => void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const listener = () => {
      // Without listeners the system ends the process itself: ours would have to wait for its turn.
      for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
      console.error(`\nStopping cleanly; press Ctrl-C again to stop at once.`);
      own.abort(new StopError(signal));
    };
    try {
      Deno.addSignalListener(signal, listener);
      listeners.set(signal, listener);
    } catch {
      // Windows knows SIGINT only.
    }
  }
  return own.signal;
}

/** Why the process is stopping, or undefined when it is not. */
export function stopReason(): StopError | undefined {
  const reason = controller?.signal.reason;
  return reason instanceof StopError ? reason : undefined;
}
