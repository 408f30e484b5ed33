// The frame around a program's main function: which error ends with which message and exit code.
import { explainError, UserError } from "../errors.ts";
import { StopError, stopReason } from "./stop.ts";

/** How a program ends: its exit code, and what it says on stderr. */
export interface Ending {
  readonly exitCode: number;
  readonly message: string;
}

/**
 * The ending for an error: 2 and one sentence for a user's mistake, 130 or 143 for Ctrl-C or SIGTERM, 1 and the stack
 * for a bug, 0 and silence when the reader of our output has gone (`deno task ls | head`).
 */
export function endingOf(error: unknown, stop: StopError | undefined = stopReason()): Ending {
  const stopped = error instanceof StopError ? error : stop;
  if (stopped !== undefined) return { exitCode: stopped.exitCode, message: stopped.message };
  if (error instanceof Deno.errors.BrokenPipe) return { exitCode: 0, message: "" };
  if (error instanceof UserError) return { exitCode: 2, message: `error: ${explainError(error)}` };
  return { exitCode: 1, message: `This is a bug in Stitchbook, or in an experiment:\n${explainError(error)}` };
}

/** Runs a program's main function; an error ends the process as {@linkcode endingOf} says. */
export async function runMain(main: () => Promise<void> | void): Promise<void> {
  try {
    await main();
  } catch (error) {
    const { exitCode, message } = endingOf(error);
    if (message !== "") console.error(message);
    Deno.exit(exitCode);
  }
}
