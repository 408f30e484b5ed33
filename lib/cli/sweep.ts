// `deno task sweep`: its subcommands, each in a file of its own and loaded when it runs.
import type { Print } from "./command.ts";
import { later } from "./later.ts";

/** A subcommand; `false` when it only reports failure, for the exit code. */
type Action = (args: readonly string[], print: Print) => Promise<boolean | void>;

/** The file of each subcommand, and the function in it. */
const SUBCOMMANDS: Readonly<Record<string, readonly [file: string, action: string]>> = {
  ls: ["./sweep-ls.ts", "listSweepsCommand"],
  show: ["./sweep-show.ts", "showSweepCommand"],
  stop: ["./sweep-stop.ts", "stopSweepCommand"],
  resume: ["./sweep-resume.ts", "resumeSweepCommand"],
};

/**
 * Runs a subcommand, or starts a sweep of the experiment that the first argument names.
 *
 * @returns whether every trial is done and has the metric that trials are compared by; true for the other subcommands
 */
export async function sweepCommand(args: readonly string[], print: Print = console.log): Promise<boolean> {
  const [word = "", ...rest] = args;
  const subcommand = Object.hasOwn(SUBCOMMANDS, word) ? SUBCOMMANDS[word] : undefined;
  const [file, action] = subcommand ?? ["./sweep-start.ts", "startSweepCommand"];
  const run = (await later<Record<string, Action>>(file))[action]!;
  return await run(subcommand === undefined ? args : rest, print) ?? true;
}
