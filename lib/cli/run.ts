// `deno task run <script> …`: runs a script with the permissions of experiments.
import { UserError } from "../errors.ts";
import { findScript, runInForeground, scriptArguments } from "../run/mod.ts";
import type { Print } from "./command.ts";

const HELP = `Usage: run <script> [arguments of the script]

Runs an experiment or any other script, with its arguments:
  deno task run experiments/studies/hub.ts --preset quick
A bare name stands for the experiment or the study of that name, and the path of a script that was moved for where it is
now. deno task run <script> --help shows an experiment's own options. Options before the script are Deno's.`;

/** What can only be read by Deno: its own options, and addresses of modules. */
const FOR_DENO = /^-|^[a-z]{2,}:/;

/**
 * Runs a script in a process of its own, in the foreground.
 *
 * @returns its exit code
 * @throws UserError `run.script` when there is no such script
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
  const command = FOR_DENO.test(script) ? ["run", "-A", ...args] : scriptArguments(await findScript(script), rest);
  return await runInForeground(command);
}
