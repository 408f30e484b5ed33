// The run that the page shows: its view, brought up to date by events, and what else is known about it.
import type { RunEvent, RunView } from "../../../run/mod.ts";
import { applyEvent, recentPoints } from "../../../run/view/mod.ts";
import type { LabelsResponse, RunResponse } from "../../schemas.ts";
import { oncePerFrame } from "../common/dom.ts";

/** With more points a cell keeps only the recent ones: charts ask for their own. */
const MOST_POINTS = 500;

/** What is known of the run. It is changed in place, and readers are told. */
export interface RunState {
  /** `/api/runs/<id>` */
  readonly address: string;
  readonly run: RunView;
  /** The folder that the server serves, as it was named to it. */
  readonly runsFolder: string;
  labels: LabelsResponse;
  /** Whether the run has a report. */
  reported: boolean;
  /** Whether the run has a page of the gates of tokens. */
  gates: boolean;
  /** Reports on several runs that this one is among, and the sweep that it is a trial of. */
  reports: RunResponse["reports"];
  readonly sweep: string | null;
  /** What this server may change. */
  able: { readonly edit: boolean; readonly stop: boolean };
  /** Whether the run is in the trash. */
  removed: boolean;
  /** Whether the server answers. */
  served: boolean;
  /** Main events for screen readers. */
  announcement: string;
}

/** A run's state and its readers. */
export interface RunStore {
  readonly state: RunState;
  /** Takes in an event. */
  take(event: RunEvent): void;
  /** Changes what is known, and tells the readers in the next frame. */
  change(change: Partial<Omit<RunState, "run" | "address" | "runsFolder">>): void;
  /** Calls `reader` after changes until the function that it returns is called. */
  listen(reader: () => void): () => void;
}

/** A store with what the server answered. */
export function createStore(
  address: string,
  { run, report, gates, reports, sweep, labels, runsFolder }: RunResponse,
): RunStore {
  const state: RunState = {
    address,
    run,
    runsFolder,
    labels,
    reported: report,
    gates,
    reports,
    sweep,
    able: { edit: false, stop: false },
    removed: false,
    served: true,
    announcement: "",
  };
  const readers = new Set<() => void>();
  const tell = oncePerFrame(() => readers.forEach((reader) => reader()));
  return {
    state,
    take(event) {
      applyEvent(run, event);
      const cell = event.kind === "metrics" ? run.cells.find(({ name }) => name === event.cell) : undefined;
      if (cell !== undefined && cell.metrics.length > MOST_POINTS) cell.metrics = recentPoints(cell.metrics);
      tell();
    },
    change(change) {
      Object.assign(state, change);
      tell();
    },
    listen(reader) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
  };
}
