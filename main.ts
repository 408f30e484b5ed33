// Stitchbook's command line, and the fetch handler that `deno serve main.ts` serves.
import { runCommand } from "./lib/cli/mod.ts";
import { defaultRunsFolder, runMain } from "./lib/run/mod.ts";
import { createApp } from "./lib/serve/mod.ts";

/** For `deno serve main.ts`: the runs in `$STITCHBOOK_RUNS`, or in `runs`. */
export default { fetch: createApp({ runsFolder: defaultRunsFolder() }).fetch };

// `deno serve main.ts` is main without arguments; a command always has a name.
if (import.meta.main && Deno.args.length > 0) {
  await runMain(() => runCommand(Deno.args));
  // Otherwise Deno warns that a module with a fetch handler was not served.
  Deno.exit();
}
