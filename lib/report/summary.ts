// What both forms of the report share: the run's state in words, and which logged tables they show unchanged.
import type { RunView, Table } from "../run/mod.ts";
import type { Claim } from "./wording.ts";

/** Tables that the report shows in a form of its own. */
const OWN_TABLES: ReadonlySet<string> = new Set(
  [
    "results",
    "matrix",
    "gates",
    "cost",
    "comparisons",
    "outcomes",
    "update-ratios",
    "refinement",
    "ranking",
    "choice",
    "stitch-mix",
  ],
);

/** All other tables that cells logged. */
export function otherTables(view: RunView): Table[] {
  return view.cells.flatMap(({ tables }) => tables).filter(({ name }) => !OWN_TABLES.has(name));
}

/** What the brackets in claims mean; undefined if there are none. */
export function bracketNote(claims: readonly Claim[]): string | undefined {
  return claims.some(({ text }) => / \[\d/.test(text)) ? "In brackets: 95 % intervals of the difference." : undefined;
}

const WARNINGS: Readonly<Record<RunView["status"], string | undefined>> = {
  done: undefined,
  running: "This run is still in progress. The report shows what it has logged so far.",
  stalled:
    "This run is stalled: its process is alive but makes no progress. The report shows what it has logged so far.",
  failed: "This run failed. The report shows what it had logged until then.",
  stopped: "This run was stopped before it finished. The report shows what it had logged until then.",
  lost: "This run’s process ended without finishing the run. The report shows what it had logged until then.",
  damaged: "The beginning of this run’s log is damaged. The report shows what can be read.",
  unreadable: "This run’s log cannot be read.",
};

/** A warning for a run that is not done. */
export const statusSentence = ({ status }: RunView): string | undefined => WARNINGS[status];
