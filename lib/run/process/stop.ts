// Stopping on Ctrl-C, SIGTERM and SIGHUP: the first asks, a second Ctrl-C or SIGTERM insists.

/** Why a run was stopped from outside. */
export class StopError extends Error {
  /** 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP: 128 plus the signal's number, as shells have it. */
  readonly exitCode: number;

  constructor(readonly signal: keyof typeof exitCodes) {
    super(`Stopped by ${names[signal]}`);
    this.name = "StopError";
    this.exitCode = exitCodes[signal];
  }
}

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const names = { SIGINT: "Ctrl-C", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP: its terminal was closed" } as const;

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

let controller: AbortController | undefined;

/**
 * A signal that is aborted, with a {@linkcode StopError}, by the first Ctrl-C, SIGTERM or SIGHUP (a closed
 * terminal; not where `nohup` has it ignored). A second Ctrl-C or SIGTERM ends the process at once, even in the middle
 * of a long computation; a terminal that closes may send SIGHUP several times, so it never does. Every call gives the
 * same signal.
 */
export function stopSignal(): AbortSignal {
  if (controller !== undefined) return controller.signal;
  const own = controller = new AbortController();
  const listeners = new Map<Deno.Signal, () => void>();
  for (const signal of STOP_SIGNALS) {
    if (signal === "SIGHUP" && !heedsHangUp()) continue;
    const listener = () => {
      // Without listeners the system ends the process itself: ours would have to wait for its turn.
      for (const [name, listener] of listeners) {
        if (name !== "SIGHUP") Deno.removeSignalListener(name, listener);
      }
      if (own.signal.aborted) return;
      own.abort(new StopError(signal));
      // After SIGHUP nobody reads on, and writing may fail.
      if (signal !== "SIGHUP") console.error(`\nStopping cleanly; press Ctrl-C again to stop at once.`);
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

/** Whether SIGHUP means us: not on Windows, nor where it was ignored from the start, as by `nohup` (only Linux tells). */
export function heedsHangUp(): boolean {
  if (Deno.build.os === "windows") return false;
  try {
    const ignored = Deno.readTextFileSync("/proc/self/status").match(/^SigIgn:\s*([0-9a-f]+)$/m);
    return ignored === null || (BigInt(`0x${ignored[1]}`) & 1n) === 0n;
  } catch (error) {
    // Without all permissions nobody can tell: SIGHUP keeps the meaning that the system gave it.
    return !(error instanceof Deno.errors.NotCapable);
  }
}

/** Why the process is stopping, or undefined when it is not. */
export function stopReason(): StopError | undefined {
  const reason = controller?.signal.reason;
  return reason instanceof StopError ? reason : undefined;
}
