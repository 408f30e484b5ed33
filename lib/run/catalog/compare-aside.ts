// Comparing results without keeping the caller's thread busy.
import { inWorker } from "../../in-worker.ts";
import type { ComparedResults, ScoredColumn } from "./compare-results.ts";

/** `compareResults()` in a thread of its own: intervals over many documents take about a second. */
export function compareResultsAside(columns: readonly ScoredColumn[]): Promise<ComparedResults> {
  return inWorker(() => new Worker(new URL("./compare-worker.ts", import.meta.url), { type: "module" }), columns);
}
