// From a run's folded view to rows of the index. Only points are written event by event: a view can hold millions.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RunEvent } from "../events/events.ts";
import type { Labels, RunStatus, RunSummary, RunView } from "../events/views.ts";
import type { UsageFigures } from "../capture/usage.ts";
import { validUpTo } from "../view/mod.ts";
import { RUN_TABLES } from "./index-schema.ts";

type Value = string | number | null;

/** Writes the rows of runs. Calls belong in a transaction. */
export interface RowWriter {
  /** Adds the points of events, drops those that they void, and sums the changed curves up again. */
  points(run: string, events: readonly RunEvent[]): void;
  /** Replaces what the view says, all but points. @param status the status now, see `statusNow()` */
  view(view: RunView, status: RunStatus, damagedLines: number): void;
  /** Replaces a run's rows by the one line that is known of a run that cannot be read. */
  unreadable(summary: RunSummary): void;
  status(run: string, status: RunStatus): void;
  /** Replaces name, tags and people's notes. */
  labels(run: string, labels: Labels): void;
  /** Replaces what the run took of its machine. */
  usage(run: string, usage: UsageFigures | null): void;
  /** Removes every row of a run. */
  clear(run: string): void;
}

/** A writer of rows; it prepares each statement once. */
export function rowWriter(db: DatabaseSync): RowWriter {
  const statements = new Map<string, StatementSync>();
  const write = (sql: string, ...values: Value[]) => {
    let statement = statements.get(sql);
    if (statement === undefined) statements.set(sql, statement = db.prepare(sql));
    statement.run(...values);
  };
  const insert = (table: string, ...values: Value[]) =>
    write(`insert or replace into ${table} values (${values.map(() => "?").join(", ")})`, ...values);
  const clear = (run: string) => {
    for (const table of RUN_TABLES) write(`delete from ${table} where run = ?`, run);
    write("delete from runs where id = ?", run);
  };
  const runRow = (
    view: Omit<RunView, "cells" | "notes" | "results" | "speed" | "lastSeq">,
    status: RunStatus,
    damaged: number,
  ) =>
    write(
      RUN,
      view.id,
      view.experiment,
      view.title,
      view.preset,
      view.seed,
      view.device,
      status,
      view.startedAt,
      view.updatedAt,
      view.seconds,
      view.error,
      JSON.stringify(view.config),
      JSON.stringify(view.command),
      JSON.stringify(view.versions),
      view.pid,
      damaged,
      view.status === "stalled" ? 1 : 0,
    );

  return {
    points(run, events) {
      const changed = new Set<string>();
      for (const event of events) {
        if (event.kind === "run.start") {
          for (const table of ["points", "metrics"]) write(`delete from ${table} where run = ?`, run);
        }
        const last = validUpTo(event);
        if (last !== undefined && "cell" in event) {
          write("delete from points where run = ? and cell = ? and step > ?", run, event.cell!, last);
          changed.add(event.cell!);
        }
        if (event.kind !== "metrics") continue;
        changed.add(event.cell);
        for (const [name, value] of Object.entries(event.values)) {
          insert("points", run, event.cell, name, event.seq, event.step, event.time, value);
        }
      }
      for (const cell of changed) {
        write("delete from metrics where run = ? and cell = ?", run, cell);
        write(METRICS, run, cell);
      }
    },
    view(view, status, damagedLines) {
      const run = view.id;
      for (const table of ["cells", "results", "measures", "artifacts"]) {
        write(`delete from ${table} where run = ?`, run);
      }
      write("delete from notes where run = ? and source = 'run'", run);
      runRow(view, status, damagedLines);
      for (const { level, time, text } of view.notes) insert("notes", run, "run", null, level, time, text);
      for (const [position, cell] of view.cells.entries()) {
        const { name, title, description, status, cellKey, startedAt, seconds, steps, summary } = cell;
        insert("cells", run, position, name, title, description, status, cellKey, startedAt, seconds, steps, summary);
        for (const { level, time, text } of cell.notes) insert("notes", run, "run", name, level, time, text);
        for (const file of cell.artifacts) {
          insert("artifacts", run, name, file.name, file.path, file.bytes, file.sha256);
        }
      }
      for (const [method, list] of Object.entries(view.results?.methods ?? {})) {
        for (const { name, group, value, interval, samples, better, device = null } of list) {
          const [low, high] = interval ?? [null, null];
          insert("results", run, method, name, group, value, low, high, samples, better, device);
        }
      }
      for (const { name, title, format, section, chance, machineDependent } of view.results?.measures ?? []) {
        insert("measures", run, name, title, format, section, chance, Number(machineDependent));
      }
    },
    unreadable(summary) {
      clear(summary.id);
      runRow({ ...summary, config: null, versions: {}, pid: null }, summary.status, 0);
    },
    status: (run, status) => write("update runs set status = ? where id = ?", status, run),
    labels(run, { name, tags, notes }) {
      write("update runs set name = ? where id = ?", name, run);
      write("delete from tags where run = ?", run);
      write("delete from notes where run = ? and source = 'person'", run);
      for (const tag of tags) insert("tags", run, tag);
      for (const { time, text } of notes) insert("notes", run, "person", null, "info", time, text);
    },
    usage: (run, usage) =>
      write("update runs set cores = ?, memory = ? where id = ?", usage?.cores ?? null, usage?.memory ?? null, run),
    clear,
  };
}

/** All columns of a run that its log decides. */
const RUN = `insert into runs (id, experiment, title, preset, seed, device, status, started, updated, seconds, error,
    config, command, versions, pid, damaged, stalled) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  on conflict do update set experiment = excluded.experiment, title = excluded.title, preset = excluded.preset,
    seed = excluded.seed, device = excluded.device, status = excluded.status, started = excluded.started,
    updated = excluded.updated, seconds = excluded.seconds, error = excluded.error, config = excluded.config,
    command = excluded.command, versions = excluded.versions, pid = excluded.pid, damaged = excluded.damaged,
    stalled = excluded.stalled`;

/** Sums the curves of a cell up. Of equal values, the first one counts; values that are not finite are null. */
const METRICS = `insert into metrics
  with own as (select metric, seq, step, value from points where run = ?1 and cell = ?2),
  sums as (select metric, count(*) as points, count(*) - count(value) as not_finite, min(value) as low,
    max(value) as high, max(iif(value is null, null, seq)) as last from own group by metric)
  select ?1, ?2, metric, points, not_finite,
    (select value from own where own.metric = sums.metric and seq = last),
    (select step from own where own.metric = sums.metric and seq = last),
    low, (select step from own where own.metric = sums.metric and value = low order by seq limit 1),
    high, (select step from own where own.metric = sums.metric and value = high order by seq limit 1)
  from sums`;
