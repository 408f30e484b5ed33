// Runs that belong together: the same but for their seed, of one sweep, experiment or preset.
import { createHash } from "node:crypto";
import { canonicalJson } from "../files/canonical.ts";
import { type Grouping, overridesOf } from "../view/mod.ts";
import { sweepOf } from "./labels.ts";
import type { SortedRun } from "./listing.ts";
import type { TableData } from "./table-data.ts";

/** A group of at least one run. */
export interface RunGroup {
  readonly key: string;
  readonly label: string;
  readonly runs: readonly SortedRun[];
}

/** The groups of runs, in the order of their best run by `key`; within them, runs stay in their order. */
export function groupRuns(
  data: TableData,
  runs: readonly SortedRun[],
  by: Grouping,
  read: (run: SortedRun) => string | number | null,
  descending: boolean,
): RunGroup[] {
  const groups = new Map<string, RunGroup & { readonly runs: SortedRun[] }>();
  for (const run of runs) {
    const key = keyOf(data, run, by);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { key, label: labelOf(run, by), runs: [run] });
    else group.runs.push(run);
  }
  // Groups of numbers stand where their means do.
  const all = [...groups.values()];
  const means = new Map(all.map((group) => [group, meanOf(group.runs.map(read))]));
  if ([...means.values()].every((mean) => mean === undefined)) return all;
  const missing = descending ? -Infinity : Infinity;
  const place = (group: RunGroup) => means.get(group as typeof all[number]) ?? missing;
  return all.sort((a, b) => (descending ? place(b) - place(a) : place(a) - place(b)) || 0);
}

function meanOf(values: readonly (string | number | null)[]): number | undefined {
  const numbers = values.filter((value) => typeof value === "number");
  return numbers.length === 0 ? undefined : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function keyOf(data: TableData, run: SortedRun, by: Grouping): string {
  if (by === "experiment") return run.experiment;
  if (by === "preset") return run.preset;
  if (by === "sweep") return sweepOf(run.tags) ?? "";
  return fingerprint([run.experiment, run.preset, data.settings(run.id)]);
}

function labelOf(run: SortedRun, by: Grouping): string {
  if (by === "experiment") return run.experiment || "unknown experiment";
  if (by === "preset") return run.preset || "unknown preset";
  if (by === "sweep") return sweepOf(run.tags) ?? "no sweep";
  return [run.experiment, run.preset, ...overridesOf(run.command)].filter((part) => part !== "").join(" · ") ||
    run.title;
}

/** A short name for a value, for URLs. */
function fingerprint(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("base64url").slice(0, 12);
}
