// Ending a run together with the command that started it, however that ended.

/** Environment variable with the pid of the process that the run ends with. */
export const PARENT_VARIABLE = "STITCHBOOK_PARENT";

/** How often the parent is checked, in milliseconds. */
const INTERVAL = 1_000;

/**
 * If the variable names the process that started this one: stops as SIGTERM does, with a checkpoint, once that process
 * is gone. Without the variable, does nothing.
 *
 * @returns a function that ends the watch
 */
export function endWithParent(): () => void {
  const named = Number(Deno.env.get(PARENT_VARIABLE) ?? "");
  if (!Number.isInteger(named) || named <= 0) return () => {};
  // It is not for what this process starts in its turn, such as jobs of a cluster, which take over the environment.
  Deno.env.delete(PARENT_VARIABLE);
  const timer = setInterval(() => {
    // An orphan is adopted by another process.
    if (Deno.ppid === named) return;
    clearInterval(timer);
    console.error("Parent process exited; stopping this run. Re-run the same command to resume it.");
    Deno.kill(Deno.pid, "SIGTERM");
  }, INTERVAL);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
