// Every command of `main.ts`, registered once. A command's module is loaded only when the command runs: models and
// tensors take a second to load, which `ls` should not pay.
import { unknownCommand } from "../run/mod.ts";

/**
 * Runs a command with its arguments, and returns false or an exit code for a failure that it has reported. It throws
 * errors.
 */
type Action = (args: readonly string[]) => Promise<boolean | number | void> | void;

const COMMANDS: Readonly<Record<string, () => Promise<Action>>> = {
  run: async () => (await import("./run.ts")).runScriptCommand,
  ls: async () => (await import("./ls.ts")).listCommand,
  show: async () => (await import("./show.ts")).showCommand,
  stop: async () => (await import("./stop.ts")).stopCommand,
  resume: async () => (await import("./resume.ts")).resumeCommand,
  diff: async () => (await import("./diff.ts")).diffCommand,
  tag: async () => (await import("./tag.ts")).tagCommand,
  note: async () => (await import("./note.ts")).noteCommand,
  rename: async () => (await import("./rename.ts")).renameCommand,
  rm: async () => (await import("./rm.ts")).removeCommand,
  undo: async () => (await import("./undo.ts")).undoCommand,
  sweep: async () => (await import("./sweep.ts")).sweepCommand,
  query: async () => (await import("./query.ts")).queryCommand,
  reindex: async () => (await import("./reindex.ts")).reindexCommand,
  verify: async () => (await import("./verify.ts")).verifyCommand,
  generate: async () => (await import("./generate.ts")).generateCommand,
  chat: async () => (await import("./chat.ts")).chatCommand,
  gates: async () => (await import("./gates.ts")).gatesCommand,
  eval: async () => (await import("./eval.ts")).evalCommand,
  "eval:code": async () => (await import("./eval-code.ts")).evalCodeCommand,
  plan: async () => (await import("./plan.ts")).planCommand,
  merge: async () => (await import("./merge.ts")).mergeCommand,
  model: async () => (await import("./model.ts")).modelCommand,
  export: async () => (await import("./export.ts")).exportCommand,
  serve: async () => (await import("./serve.ts")).serveCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
  init: async () => (await import("./init.ts")).initCommand,
  "notebook:install": async () => (await import("./notebook-install.ts")).notebookCommand,
};

/** The names of all commands. */
export const commandNames: readonly string[] = Object.keys(COMMANDS);

/**
 * Runs one command.
 *
 * @throws UserError `command.unknown` naming the nearest command
 */
export async function runCommand([name = "", ...args]: readonly string[]): Promise<void> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) throw unknownCommand(name, commandNames);
  const outcome = await (await load())(args);
  if (outcome === false) Deno.exitCode = 1;
  if (typeof outcome === "number") Deno.exitCode = outcome;
}
