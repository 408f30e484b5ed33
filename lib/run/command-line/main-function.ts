// The frame around a program's main function: which error ends with which message and exit code.
import { explainError, systemReason, UserError } from "../../errors.ts";
import { printableLines } from "../view/mod.ts";
import { StopError, stopReason } from "../process/stop.ts";

/** How a program ends: its exit code, and its message on stderr. */
export interface Ending {
  readonly exitCode: number;
  readonly message: string;
}

/**
 * The ending for an error: 2 and one sentence for a user's mistake or for what the system refused, 130, 143 or 129 for
 * Ctrl-C, SIGTERM or SIGHUP, 1 and the stack for a bug, 0 and no message when the reader of our output is gone
 * (`deno task ls | head`).
 */
export function endingOf(error: unknown, stop: StopError | undefined = stopReason()): Ending {
  const stopped = error instanceof StopError ? error : stop;
  if (stopped !== undefined) return { exitCode: stopped.exitCode, message: stopped.message };
  if (error instanceof Deno.errors.BrokenPipe) return { exitCode: 0, message: "" };
  const text = error instanceof UserError ? explainError(error) : refusalText(error);
  if (text !== undefined) return { exitCode: 2, message: `error: ${printableLines(text)}` };
  return { exitCode: 1, message: `This is a bug in Stitchbook, or in an experiment:\n${explainError(error)}` };
}

/** System errors that may as well come from a bug, such as a file that should have been created. */
const PERHAPS_BUGS: ReadonlySet<unknown> = new Set(["EEXIST", "EINVAL", "ENOTEMPTY"]);
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "free some space, or choose a folder on another disk with --runs or --out",
  EROFS: "choose another folder with --runs or --out",
};

/** What the operating system refused, where no message of its own was written for it; undefined for other errors. */
function refusalText(error: unknown): string | undefined {
  const reason = systemReason(error);
  const { code, message } = error as { code?: string; message: string };
  if (reason === undefined || code === undefined || PERHAPS_BUGS.has(code)) return undefined;
  // Deno and Node end these messages with the path, between quotes.
  const path = /'([^']+)'[^']*$/.exec(message)?.[1];
  const hint = HINTS[code];
  if (hint === undefined) {
    return path === undefined ? `A file cannot be accessed: ${reason}` : `Cannot access ${path}: ${reason}`;
  }
  const sentence = `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`;
  return `${sentence}${path === undefined ? "" : `: cannot write ${path}`}\n  hint: ${hint}`;
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
      // Even if the terminal is closed and the message cannot be written.
      Deno.exit(exitCode);
    }
  }
}
