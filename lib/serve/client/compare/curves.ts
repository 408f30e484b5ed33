// What the server tells the script about the curves of a comparison.
import type { ChartRun } from "../chart/curves.ts";
import type { ChartSettings } from "../chart/settings.ts";

/** The curves of a comparison. */
export interface ComparedCurves {
  /** Runs, and what tells them apart. */
  readonly runs: readonly ChartRun[];
  /** Names of cells; empty: all. */
  readonly cells: readonly string[];
  readonly settings: Partial<ChartSettings>;
  /** Whether points may still come. */
  readonly live: boolean;
}
