// What both forms of the report say about a run's state, and which logged tables they show as they are.
import type { RunView, Table } from "../run/mod.ts";
import type { Claim } from "./wording.ts";

/** Tables that the report draws or prints in its own way. */
const OWN_TABLES: ReadonlySet<string> = new Set([
  ...["results", "matrix", "gates", "cost", "comparisons"],
  ...["outcomes", "update-ratios"],
]);

/** Tables that cells logged beyond those the report has its own place for. */
export function otherTables(view: RunView): Table[] {
  return view.cells.flatMap(({ tables }) => tables).filter(({ name }) => !OWN_TABLES.has(name));
}

/** What the brackets in claims are; undefined when there are none. */
export function bracketNote(claims: readonly Claim[]): string | undefined {
  return claims.some(({ text }) => / \[\d/.test(text)) ? "In brackets: 95 % intervals of the difference." : undefined;
}

/** A warning for a run that is not done; undefined for one that is. */
export function statusSentence(view: RunView): string | undefined {
  switch (view.status) {
    case "done":
      return undefined;
    case "running":
      return "This run is still going on: what follows is what it has logged so far.";
    case "stalled":
      return "This run is stalled, its process lives and gets nowhere: what follows is what it has logged so far.";
    case "failed":
      return "This run failed: what follows is what it had logged until then.";
    case "stopped":
      return "This run was stopped before its end: what follows is what it had logged until then.";
    case "lost":
      return "This run’s process is gone without having ended the run: what follows is what it had logged until then.";
    case "damaged":
      return "The start of this run’s log is damaged: what follows is what can be read.";
    case "unreadable":
      return "This run’s log cannot be read.";
  }
}
