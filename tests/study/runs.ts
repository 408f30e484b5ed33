// Finished runs with given scores.
import type { RunView, Table } from "../../lib/run/mod.ts";
import { resultsOf } from "../run/results.ts";
import type { Direction } from "../../lib/study/mod.ts";

/** A finished run with these mean bits per byte. */
export const run = (seed: number, means: Readonly<Record<string, number>>, preset = "study"): RunView => ({
  id: `run-${seed}`,
  experiment: "x",
  title: "X",
  preset,
  seed,
  device: "none",
  status: "done",
  config: {},
  command: [],
  versions: {},
  pid: 0,
  startedAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
  seconds: 1,
  cells: [{ tables: [costTable("method-costs", "Cost of each"), costTable("other", "Anything else")] }],
  notes: [],
  error: null,
  lastSeq: 0,
  results: resultsOf(
    ["code"],
    Object.fromEntries(
      Object.entries(means).map(([name, mean]) => [name, {
        bpb: { code: mean, mean },
        parameters: { trained: 0, total: name === "seed" ? 1_400_000 : 1, active: 1 },
      }]),
    ),
  ),
} as unknown as RunView);

function costTable(name: string, title: string): Table {
  return { name, title, columns: [{ key: "method", title: "method", kind: "text" }], rows: [{ method: "bts" }] };
}

export const direction: Direction = {
  claim: "a beats b",
  better: "a",
  worse: "b",
  on: "mean",
  paper: { finding: "yes", scores: "2 against 1" },
};
