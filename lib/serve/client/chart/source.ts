// The points of a chart from the server: all at first, then only what is new; a part of the axis in detail.
import { takeSeries } from "../../../run/view/mod.ts";
import type { AxisName } from "../../../run/view/mod.ts";
import type { SeriesResponse } from "../../schemas.ts";
import type { RunSeries } from "./curves.ts";

/** A part of the axis. */
export type Range = readonly [from: number, to: number];

/** What a chart shows. */
export interface Wanted {
  /** Names of cells; undefined: all. */
  readonly cells: readonly string[] | undefined;
  readonly metrics: readonly string[];
  readonly x: AxisName;
  /** Weight of the moving average; 0: none. */
  readonly smooth: number;
  /** Only this part, in detail. */
  readonly range: Range | undefined;
}

/** Gets points. */
export interface Source {
  /** Asks for something else; what was known stays until the answer comes. */
  show(wanted: Wanted): void;
  /** There may be new points. Asks for them, but not more often than is useful. */
  refresh(): void;
  close(): void;
}

export interface SourceOptions {
  readonly runs: readonly string[];
  readonly onData: (data: readonly RunSeries[], wanted: Wanted) => void;
  /** What is wrong with the last answer; undefined once all is well. */
  readonly onTrouble: (text: string | undefined) => void;
}

/** Time between two requests for new points. */
const PACE_MS = 700;
/** Points of all series together, about: a chart has no more pixels. */
const MOST_POINTS = 4000;

/** A source for some runs. */
export function createSource({ runs, onData, onTrouble }: SourceOptions): Source {
  let wanted: Wanted | undefined;
  let known: { readonly data: readonly RunSeries[]; readonly lastSeqs: readonly number[] } | undefined;
  let asking: AbortController | undefined;
  let again = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = async () => {
    if (wanted === undefined) return;
    const [mine, controller, now] = [wanted, asking = new AbortController(), known];
    again = false;
    try {
      const query = queryOf(runs, mine, now?.lastSeqs);
      const response = await fetch(`/api/series?${query}`, { signal: controller.signal });
      const answer = await response.json();
      if (mine !== wanted) return;
      if (!response.ok) return onTrouble(answer.error?.message ?? "The server could not answer");
      const { runs: got, unknown } = answer as SeriesResponse;
      const data = runs.map((run) => {
        const before = now?.data.find((one) => one.run === run)?.cells ?? [];
        return { run, cells: takeSeries(before, got.find((one) => one.run === run)?.cells ?? []) };
      });
      const lastSeqs = runs.map((run) => got.find((one) => one.run === run)?.lastSeq ?? -1);
      known = { data, lastSeqs };
      onTrouble(unknown.length === 0 ? undefined : `No longer available: ${unknown.join(", ")}`);
      onData(data, mine);
    } catch (error) {
      if (!controller.signal.aborted) onTrouble(`The server did not answer (${(error as Error).message})`);
    } finally {
      if (asking === controller) {
        asking = undefined;
        timer = setTimeout(() => {
          timer = undefined;
          if (again) ask();
        }, PACE_MS);
      }
    }
  };

  return {
    show(now) {
      wanted = now;
      known = undefined;
      asking?.abort();
      clearTimeout(timer);
      timer = undefined;
      ask();
    },
    refresh() {
      again = true;
      if (asking === undefined && timer === undefined) ask();
    },
    close() {
      wanted = undefined;
      asking?.abort();
      clearTimeout(timer);
    },
  };
}

function queryOf(
  runs: readonly string[],
  { cells, metrics, x, smooth, range }: Wanted,
  lastSeqs: readonly number[] | undefined,
): string {
  const points = Math.max(100, Math.min(1000, Math.floor(MOST_POINTS / runs.length)));
  return new URLSearchParams([
    ...runs.map((run) => ["run", run]),
    ...(cells ?? []).map((cell) => ["cell", cell]),
    ...metrics.map((metric) => ["metric", metric]),
    ["x", x],
    ["points", String(points)],
    ...(smooth > 0 ? [["smooth", String(smooth)]] : []),
    ...(range === undefined ? [] : [["from", String(range[0])], ["to", String(range[1])]]),
    ...(lastSeqs ?? []).map((seq) => ["after", String(seq)]),
  ]).toString();
}

/** Where all points can be downloaded: nothing is left out of it. */
export function csvAddress(runs: readonly string[], cells: readonly string[] | undefined, metrics: readonly string[]) {
  const query = new URLSearchParams([
    ...runs.map((run) => ["run", run]),
    ...(cells ?? []).map((cell) => ["cell", cell]),
    ...metrics.map((metric) => ["metric", metric]),
  ]);
  return `/api/series.csv?${query}`;
}
