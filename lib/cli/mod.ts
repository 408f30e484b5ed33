// Every command of `main.ts`, registered once. A command's module is loaded only when the command runs: models and
// tensors take a second to load, which `ls` should not pay.
import { unknownCommand } from "../run/mod.ts";

/** Runs a command with its arguments. It throws errors, and sets `Deno.exitCode` for other failures. */
type Action = (args: readonly string[]) => Promise<void>;

const COMMANDS: Readonly<Record<string, () => Promise<Action>>> = {
  run: async () => {
    const { runScriptCommand } = await import("./run.ts");
    return async (args) => void (Deno.exitCode = await runScriptCommand(args));
  },
  ls: async () => (await import("./ls.ts")).listCommand,
  show: async () => (await import("./show.ts")).showCommand,
  stop: async () => (await import("./stop.ts")).stopCommand,
  resume: async () => {
    const { resumeCommand } = await import("./resume.ts");
    return async (args) => void (Deno.exitCode = await resumeCommand(args));
  },
  diff: async () => (await import("./diff.ts")).diffCommand,
  tag: async () => (await import("./tag.ts")).tagCommand,
  note: async () => (await import("./note.ts")).noteCommand,
  rename: async () => (await import("./rename.ts")).renameCommand,
  rm: async () => (await import("./rm.ts")).removeCommand,
  undo: async () => (await import("./undo.ts")).undoCommand,
  sweep: async () => {
    const { sweepCommand } = await import("./sweep.ts");
    return async (args) => void (await sweepCommand(args) || (Deno.exitCode = 1));
  },
  query: async () => (await import("./query.ts")).queryCommand,
  reindex: async () => (await import("./reindex.ts")).reindexCommand,
  verify: async () => {
    const { verifyCommand } = await import("./verify.ts");
    return async (args) => void (await verifyCommand(args) || (Deno.exitCode = 1));
  },
  gates: async () => (await import("./gates.ts")).gatesCommand,
  plan: async () => {
    const { planCommand } = await import("./plan.ts");
    return (args) => Promise.resolve(planCommand(args));
  },
  merge: async () => (await import("./merge.ts")).mergeCommand,
  serve: async () => (await import("./serve.ts")).serveCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
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
  await (await load())(args);
}
