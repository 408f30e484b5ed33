// A run that another command started for itself ends when that command is gone, whatever ended it.

/** The pid of the process that a run is to end with. */
export const PARENT_VARIABLE = "STITCHBOOK_PARENT";

/** How often it is looked for, in milliseconds. */
const INTERVAL = 1_000;

/**
 * Where the variable names the process that started this one: stops like after SIGTERM, with a checkpoint, once that
 * process is gone. Without the variable nothing is done.
 *
 * @returns what ends the watch
 */
export function endWithParent(): () => void {
  const named = Number(Deno.env.get(PARENT_VARIABLE) ?? "");
  if (!Number.isInteger(named) || named <= 0) return () => {};
  const timer = setInterval(() => {
    // Who has lost its parent gets another.
    if (Deno.ppid === named) return;
    clearInterval(timer);
    console.error("The command that started this run is gone, so that it stops; the same command goes on with it");
    Deno.kill(Deno.pid, "SIGTERM");
  }, INTERVAL);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
