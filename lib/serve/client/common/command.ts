// Commands on the pages: to serve or restore a run. Pure.
import { shellLine } from "../../../run/view/mod.ts";

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
