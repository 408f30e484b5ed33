// Every command of `main.ts`, registered once. A command's module is loaded only when the command runs: models and
// tensors take a second to load, which `ls` should not pay.
import { unknownCommand } from "../run/mod.ts";
import { later } from "./later.ts";

/**
 * Runs a command with its arguments, and returns false or an exit code for a failure that it has reported. It throws
 * errors.
 */
type Action = (args: readonly string[]) => Promise<boolean | number | void> | void;

/** The file of each command, and the function in it. */
const COMMANDS: Readonly<Record<string, readonly [file: string, action: string]>> = {
  run: ["./run.ts", "runScriptCommand"],
  ls: ["./ls.ts", "listCommand"],
  show: ["./show.ts", "showCommand"],
  stop: ["./stop.ts", "stopCommand"],
  resume: ["./resume.ts", "resumeCommand"],
  attach: ["./attach.ts", "attachCommand"],
  queue: ["./queue.ts", "queueCommand"],
  logs: ["./logs.ts", "logsCommand"],
  cell: ["./cell.ts", "cellCommand"],
  diff: ["./diff.ts", "diffCommand"],
  tag: ["./tag.ts", "tagCommand"],
  note: ["./note.ts", "noteCommand"],
  rename: ["./rename.ts", "renameCommand"],
  rm: ["./rm.ts", "removeCommand"],
  undo: ["./undo.ts", "undoCommand"],
  sweep: ["./sweep.ts", "sweepCommand"],
  query: ["./query.ts", "queryCommand"],
  reindex: ["./reindex.ts", "reindexCommand"],
  verify: ["./verify.ts", "verifyCommand"],
  generate: ["./generate.ts", "generateCommand"],
  chat: ["./chat.ts", "chatCommand"],
  gates: ["./gates.ts", "gatesCommand"],
  eval: ["./eval.ts", "evalCommand"],
  "eval:code": ["./eval-code.ts", "evalCodeCommand"],
  plan: ["./plan.ts", "planCommand"],
  merge: ["./merge.ts", "mergeCommand"],
  model: ["./model.ts", "modelCommand"],
  domains: ["./domains.ts", "domainsCommand"],
  export: ["./export.ts", "exportCommand"],
  convert: ["./convert.ts", "convertCommand"],
  serve: ["./serve.ts", "serveCommand"],
  doctor: ["./doctor.ts", "doctorCommand"],
  init: ["./init.ts", "initCommand"],
  "notebook:install": ["./notebook-install.ts", "notebookCommand"],
};

/** The names of all commands. */
export const commandNames: readonly string[] = Object.keys(COMMANDS);

/**
 * Runs one command.
 *
 * @throws UserError `command.unknown` naming the nearest command
 */
export async function runCommand([name = "", ...args]: readonly string[]): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw unknownCommand(name, commandNames);
  const [file, action] = command;
  const outcome = await (await later<Record<string, Action>>(file))[action]!(args);
  if (outcome === false) Deno.exitCode = 1;
  if (typeof outcome === "number") Deno.exitCode = outcome;
}
