// Commands on the pages: which settings a run's command changed, and the commands to serve or restore a run. Pure.
import { optionValues, shellLine } from "../../../run/view/mod.ts";

/** What differs from the preset: the `--config` file, then each `--set key=value`. */
export function overridesOf(command: readonly string[]): string[] {
  return [...optionValues(command, "--config"), ...optionValues(command, "--set")];
}

/** The command that serves a run's page once the run's own server has closed. */
export function serveCommand(runsFolder: string): string {
  return taskLine("serve", runsFolder);
}

/** The command that restores the last removal. */
export function undoCommand(runsFolder: string): string {
  return taskLine("undo", runsFolder);
}

function taskLine(task: string, runsFolder: string): string {
  return shellLine(["deno", "task", task, ...(runsFolder === "runs" ? [] : ["--runs", runsFolder])]);
}
