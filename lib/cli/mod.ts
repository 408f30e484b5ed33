// Every command of `main.ts`, registered once. A command's module is loaded only when the command runs: models and
// tensors cost a second that `ls` should not pay.
import { unknownCommand } from "../run/mod.ts";

/** Runs a command with its arguments; one that only reports failure sets `Deno.exitCode`. */
type Action = (args: readonly string[]) => Promise<void>;

const COMMANDS: Readonly<Record<string, () => Promise<Action>>> = {
  ls: async () => (await import("./ls.ts")).listCommand,
  show: async () => (await import("./show.ts")).showCommand,
  stop: async () => (await import("./stop.ts")).stopCommand,
  resume: async () => {
    const { resumeCommand } = await import("./resume.ts");
    return async (args) => void (Deno.exitCode = await resumeCommand(args));
  },
  diff: async () => (await import("./diff.ts")).diffCommand,
  tag: async () => (await import("./labels.ts")).tagCommand,
  note: async () => (await import("./labels.ts")).noteCommand,
  rename: async () => (await import("./labels.ts")).renameCommand,
  rm: async () => (await import("./trash.ts")).removeCommand,
  undo: async () => (await import("./trash.ts")).undoCommand,
  sweep: async () => {
    const { sweepCommand } = await import("./sweep.ts");
    const { writeSweepReport } = await import("../report/mod.ts");
    const { servePages } = await import("./serve.ts");
    const hooks = { serve: servePages, report: writeSweepReport };
    return async (args) => void (await sweepCommand(args, hooks) || (Deno.exitCode = 1));
  },
  query: async () => (await import("./query.ts")).queryCommand,
  reindex: async () => (await import("./query.ts")).reindexCommand,
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

/**
 * Runs one command.
 *
 * @throws UserError `command.unknown` naming the nearest command
 */
export async function runCommand([name = "", ...args]: readonly string[]): Promise<void> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) throw unknownCommand(name, Object.keys(COMMANDS));
  await (await load())(args);
}
