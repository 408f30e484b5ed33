// Commands on the pages: which settings a run's command changed, and the commands to serve or restore a run. Pure.
import { shellLine } from "../../run/view/mod.ts";

/** The values of an option that takes one, in order: `--set a=1 --set=b=2` gives `a=1`, `b=2`. */
function valuesOf(command: readonly string[], option: string): string[] {
  return command.flatMap((word, i) => {
    if (word.startsWith(`${option}=`)) return [word.slice(option.length + 1)];
    return word === option && command[i + 1] !== undefined ? [command[i + 1]!] : [];
  });
}

/** What differs from the preset: the `--config` file, then each `--set key=value`. */
export function overridesOf(command: readonly string[]): string[] {
  return [...valuesOf(command, "--config"), ...valuesOf(command, "--set")];
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
