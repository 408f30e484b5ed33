// Which metrics a chart could show: asked for again as a run goes on, for some appear late.
import type { SeriesNames } from "../../../run/view/mod.ts";
import type { SeriesNamesResponse } from "../../schemas.ts";
import { getJson } from "../common/session.ts";

/** The least time between two requests, until there is something and after that. */
const PACE_MS = { none: 400, some: 5_000 } as const;
/** As many runs are asked: those that are compared have much the same metrics. */
export const NAMED_RUNS = 5;

/** A function that asks for the names of series, a little later if it has asked lately, and hands them to `onNames`. */
export function namesOf(
  runs: readonly string[],
  cells: readonly string[] | undefined,
  onNames: (names: readonly SeriesNames[]) => void,
): () => Promise<void> {
  let next = -Infinity;
  let waiting = false;
  return async () => {
    if (waiting) return;
    const pause = next - performance.now();
    if (pause > 0) {
      waiting = true;
      await new Promise((resolve) => setTimeout(resolve, pause));
      waiting = false;
    }
    next = performance.now() + PACE_MS.some;
    const query = new URLSearchParams(runs.slice(0, NAMED_RUNS).map((run) => ["run", run]));
    const answer = await getJson<SeriesNamesResponse>(`/api/series/names?${query}`).catch(() => undefined);
    const names = (answer?.runs ?? []).flatMap((run) => run.cells).filter(({ cell }) => cells?.includes(cell) ?? true);
    if (names.length === 0) next = performance.now() + PACE_MS.none;
    onNames(names);
  };
}
