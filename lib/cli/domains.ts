// `deno task domains`: which domains unlabeled text has.
import { commandGroup } from "./group.ts";

/** Runs a subcommand. @throws UserError `command.unknown` naming the nearest subcommand */
export const domainsCommand = commandGroup("domains", "Domains of unlabeled text.", {
  assign: ["./domains-assign.ts", "assignDomainsCommand"],
  discover: ["./domains-discover.ts", "discoverDomainsCommand"],
  rank: ["./domains-rank.ts", "rankDomainsCommand"],
});
