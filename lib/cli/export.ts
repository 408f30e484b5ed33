// `deno task export`: what runs made, for other programs.
import { commandGroup } from "./group.ts";

/** Runs a subcommand. @throws UserError `command.unknown` naming the nearest subcommand */
export const exportCommand = commandGroup("export", "Writes what runs made for other programs.", {
  job: ["./export-job.ts", "exportJobCommand"],
  model: ["./export-model.ts", "exportModelCommand"],
  run: ["./export-run.ts", "exportRunCommand"],
});
