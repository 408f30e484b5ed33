// `deno task run <script> …`: runs a script with the permissions of experiments, or executes a notebook.
import { UserError } from "../errors.ts";
import { findScript, runInForeground, scriptArguments } from "../run/mod.ts";
import type { Print } from "./command.ts";
import { later } from "./later.ts";

const HELP = `Usage: run <script> [arguments of the script]
       run <notebook.ipynb> [--set name=value] [--output file] [--force]

Runs an experiment or any other script, with its arguments:
  deno task run experiments/studies/hub.ts --preset quick
A bare name stands for the experiment or the study of that name, and the path of a script that was moved for where it is
now. deno task run <script> --help shows an experiment's own options. Options before the script are Deno's.

Or executes a notebook in Deno's kernel, with other values for the parameters that it declares, and writes it with its
outputs:
  deno task run notebooks/03-gates.ipynb --set preset=smoke
deno task run <notebook.ipynb> --help lists its parameters.`;

/** What can only be read by Deno: its own options, and addresses of modules. */
const FOR_DENO = /^-|^[a-z]{2,}:/;

/**
 * Runs a script in a process of its own, in the foreground; or executes a notebook.
 *
 * @returns its exit code
 * @throws UserError `run.script` when there is no such script, and as `runNotebookCommand()` does
 */
export async function runScriptCommand(args: readonly string[], print: Print = console.log): Promise<number> {
  const [script, ...rest] = args;
  if (script === undefined) {
    throw new UserError("command.missing-argument", "Missing the script to run", "run --help shows an example");
  }
  if (script === "--help" || script === "-h") {
    print(HELP);
    return 0;
  }
  if (script.endsWith(".ipynb")) {
    const { runNotebookCommand } = await later<typeof import("./run-notebook.ts")>("./run-notebook.ts");
    return await runNotebookCommand(script, rest, print);
  }
  const command = FOR_DENO.test(script) ? ["run", "-A", ...args] : scriptArguments(await findScript(script), rest);
  return await runInForeground(command);
}
