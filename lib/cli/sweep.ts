// `deno task sweep`: its subcommands, each in a file of its own and loaded when it runs.

import type { Print } from "./command.ts";

/** A subcommand; `false` when it only reports failure, for the exit code. */
type Action = (args: readonly string[], print: Print) => Promise<boolean | void>;

const SUBCOMMANDS: Readonly<Record<string, () => Promise<Action>>> = {
  ls: async () => (await import("./sweep-ls.ts")).listSweepsCommand,
  show: async () => (await import("./sweep-show.ts")).showSweepCommand,
  stop: async () => (await import("./sweep-stop.ts")).stopSweepCommand,
  resume: async () => (await import("./sweep-resume.ts")).resumeSweepCommand,
};

/**
 * Runs a subcommand, or starts a sweep of the experiment that the first argument names.
 *
 * @returns whether every trial is done and has the metric that trials are compared by; true for the other subcommands
 */
export async function sweepCommand(args: readonly string[], print: Print = console.log): Promise<boolean> {
  const [word = "", ...rest] = args;
  const load = Object.hasOwn(SUBCOMMANDS, word) ? SUBCOMMANDS[word] : undefined;
  if (load !== undefined) return await (await load())(rest, print) ?? true;
  const { startSweepCommand } = await import("./sweep-start.ts");
  return await startSweepCommand(args, print);
}
