// `deno task domains`: which domains unlabeled text has, and which deserve an expert.
import { commandGroup } from "./group.ts";

/** Runs a subcommand. @throws UserError `command.unknown` naming the nearest subcommand */
export const domainsCommand = commandGroup(
  "domains",
  "Domains of unlabeled text, and which of them deserve an expert.",
  {
    assign: ["./domains-assign.ts", "assignDomainsCommand"],
    discover: ["./domains-discover.ts", "discoverDomainsCommand"],
    rank: ["./domains-rank.ts", "rankDomainsCommand"],
  },
);
