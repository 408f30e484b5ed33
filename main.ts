// Stitchbook's command line, and the fetch handler that `deno serve main.ts` serves.
import { runCommand } from "./lib/cli/mod.ts";
import { defaultRunsFolder, runMain } from "./lib/run/mod.ts";
import { createApp } from "./lib/serve/mod.ts";

let app: ReturnType<typeof createApp> | undefined;

/** For `deno serve main.ts`: the runs in `$STITCHBOOK_RUNS`, or in `runs`. Commands do not need the app. */
export default {
  fetch(request: Request, info: Deno.ServeHandlerInfo): Response | Promise<Response> {
    app ??= createApp({ runsFolder: defaultRunsFolder() });
    return app.fetch(request, info);
  },
};

// `deno serve main.ts` is main without arguments; a command always has a name.
if (import.meta.main && Deno.args.length > 0) {
  await runMain(() => runCommand(Deno.args));
  // Otherwise Deno warns that a module with a fetch handler was not served.
  Deno.exit();
}
