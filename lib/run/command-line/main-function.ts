// The frame around a program's main function: which error ends with which message and exit code.
import { explainError, UserError } from "../../errors.ts";
import { StopError, stopReason } from "../process/stop.ts";

/** How a program ends: its exit code, and what it says on stderr. */
export interface Ending {
  readonly exitCode: number;
  readonly message: string;
}

/**
 * The ending for an error: 2 and one sentence for a user's mistake, 130, 143 or 129 for Ctrl-C, SIGTERM or SIGHUP, 1 and
 * the stack for a bug, 0 and silence when the reader of our output has gone (`deno task ls | head`).
 */
export function endingOf(error: unknown, stop: StopError | undefined = stopReason()): Ending {
  const stopped = error instanceof StopError ? error : stop;
  if (stopped !== undefined) return { exitCode: stopped.exitCode, message: stopped.message };
  if (error instanceof Deno.errors.BrokenPipe) return { exitCode: 0, message: "" };
  if (error instanceof UserError) return { exitCode: 2, message: `error: ${explainError(error)}` };
  const fault = machineFault(error);
  if (fault !== undefined) return { exitCode: 2, message: `error: ${fault}` };
  return { exitCode: 1, message: `This is a bug in Stitchbook, or in an experiment:\n${explainError(error)}` };
}

/** What the machine refused, in words; undefined when the error is of another kind. */
function machineFault(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as { code?: string }).code;
  const reason = error.message;
  if (code === "ENOSPC") return `The disk is full: ${reason}\n  hint: free some space, or choose another --runs folder`;
  if (code === "EROFS") return `The file system cannot be written: ${reason}\n  hint: choose another --runs folder`;
  return undefined;
}

/** Runs a program's main function; an error ends the process as {@linkcode endingOf} says. */
export async function runMain(main: () => Promise<void> | void): Promise<void> {
  try {
    await main();
  } catch (error) {
    const { exitCode, message } = endingOf(error);
    try {
      if (message !== "") console.error(message);
    } finally {
      // Even when the terminal is closed and takes no message.
      Deno.exit(exitCode);
    }
  }
}
