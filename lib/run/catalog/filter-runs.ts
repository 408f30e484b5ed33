// Which runs satisfy a filter that a person typed.
import { join } from "node:path";
import type { ListedRun } from "../events/views.ts";
import { configOf } from "../log/start.ts";
import { flatSettings, matchesFilter, parseFilter } from "../view/mod.ts";

/** Settings of runs by folder; a run's first event never changes. */
const known = new Map<string, Readonly<Record<string, unknown>>>();

/**
 * The ids of those runs of a folder that satisfy a filter ({@linkcode parseFilter}), in their order. A run's settings are
 * read only if its name, tags and the like do not decide, and once.
 */
export async function filterRuns(runsFolder: string, runs: readonly ListedRun[], text: string): Promise<string[]> {
  const terms = parseFilter(text);
  const ids: string[] = [];
  for (const run of runs) {
    const found = { ...run, seed: run.seed ?? NaN };
    if (
      matchesFilter(found, terms) ||
      matchesFilter({ ...found, settings: await settingsOf(join(runsFolder, run.id)) }, terms)
    ) ids.push(run.id);
  }
  return ids;
}

async function settingsOf(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const before = known.get(folder);
  if (before !== undefined) return before;
  const config = await configOf(folder).catch(() => undefined);
  const settings = config === undefined ? {} : flatSettings(config);
  known.set(folder, settings);
  return settings;
}
