// `deno task model`: models from elsewhere, and onto the hub.
import { commandGroup } from "./group.ts";

/** Runs a subcommand. @throws UserError `command.unknown` naming the nearest subcommand */
export const modelCommand = commandGroup("model", "Models from elsewhere, and models for others.", {
  get: ["./model-get.ts", "getModelCommand"],
  push: ["./model-push.ts", "pushModelCommand"],
  show: ["./model-show.ts", "showModelCommand"],
});
