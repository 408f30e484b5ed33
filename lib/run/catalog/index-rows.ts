// From events and labels to rows of the index.
import type { DatabaseSync } from "node:sqlite";
import type { RunEvent, RunResults } from "../events/events.ts";
import { RUN_TABLES } from "./index-schema.ts";
import type { Labels } from "../events/views.ts";
import type { WriterState } from "../process/lock.ts";

/** Writes the rows of one run. Calls belong inside a transaction. */
export interface RunRows {
  /** Writes what one event says. Events before `run.start` have no run to belong to and are left out. */
  apply(event: RunEvent): void;
  /** Replaces name, tags and people's notes. */
  label(labels: Labels): void;
  /** Sets the status of a run that has not ended by its writer's state, and how many lines of the log are damaged. */
  settle(writer: WriterState, damaged: number): void;
  /** Removes every row of the run. */
  clear(): void;
}

/** The writer of one run's rows. Statements are prepared once a call, so use it for many events. */
export function runRows(db: DatabaseSync, run: string): RunRows {
  const statement = cached((sql) => db.prepare(sql));
  const write = (sql: string, ...values: (string | number | null)[]) => void statement(sql).run(...values);
  const clear = () => {
    for (const table of RUN_TABLES) write(`delete from ${table} where run = ?`, run);
    write("delete from runs where id = ?", run);
  };
  let started = statement("select 1 from runs where id = ?").get(run) !== undefined;

  const ensureCell = (name: string, title: string) =>
    write(
      `insert into cells (run, position, name, title, description, status, key, summary)
       values (?1, (select count(*) from cells where run = ?1), ?2, ?3, '', 'planned', '', '') on conflict do nothing`,
      run,
      name,
      title,
    );

  const start = (event: Extract<RunEvent, { kind: "run.start" }>) => {
    clear();
    started = true;
    const json = [event.config, event.command, event.versions].map((value) => JSON.stringify(value));
    write(
      `insert into runs (id, experiment, title, preset, seed, device, status, started, updated, config, command,
       versions, pid) values (?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?)`,
      ...[run, event.experiment, event.title, event.preset, event.seed, event.device, event.time, event.time],
      ...json,
      event.pid,
    );
    for (const { cell, title } of event.plan) ensureCell(cell, title);
  };

  const metrics = (event: Extract<RunEvent, { kind: "metrics" }>) => {
    write("update cells set steps = ? where run = ? and name = ?", event.steps, run, event.cell);
    for (const [name, value] of Object.entries(event.values)) {
      write(POINT, run, event.cell, name, event.seq, event.step, event.time, value);
      addUp(event.cell, name, event.step, value);
    }
  };

  const resume = (event: Extract<RunEvent, { kind: "run.resume" }>) => {
    const json = [event.config, event.command, event.versions].map((value) => JSON.stringify(value));
    write(
      `update runs set title = ?, device = ?, config = ?, command = ?, versions = ?, pid = ?, status = 'running',
       seconds = null, error = null where id = ?`,
      ...[event.title, event.device, ...json, event.pid, run],
    );
    write("delete from results where run = ?", run);
    write("update cells set status = 'planned' where run = ? and status = 'running'", run);
    for (const { cell, title } of event.plan) ensureCell(cell, title);
  };

  /** Points after `step` are void; what they had added up to is added up anew. */
  const rewind = (cell: string, step: number) => {
    write("delete from points where run = ? and cell = ? and step > ?", run, cell, step);
    write("delete from metrics where run = ? and cell = ?", run, cell);
    const left = statement("select metric, step, value from points where run = ? and cell = ? order by seq");
    for (const { metric, step, value } of left.all(run, cell)) addUp(cell, String(metric), Number(step), value as null);
  };

  const addUp = (cell: string, name: string, step: number, value: number | null) => {
    write(value === null ? NOT_FINITE : FINITE, run, cell, name, ...(value === null ? [] : [value, step]));
  };

  const apply = (event: RunEvent) => {
    if (event.kind === "run.start") return start(event);
    if (!started) return;
    const stalls = event.kind === "note" && event.alert?.detector === "stall" ? 1 : 0;
    write("update runs set updated = ?, stalled = ? where id = ?", event.time, stalls, run);
    if ("cell" in event && event.cell !== undefined) ensureCell(event.cell, event.cell);
    switch (event.kind) {
      case "run.resume":
        resume(event);
        break;
      case "cell.resume":
        write("update cells set status = 'running', seconds = null where run = ? and name = ?", run, event.cell);
        break;
      case "cell.rewind":
        rewind(event.cell, event.step);
        break;
      case "cell.start":
        // Begun again, it has an account of its own.
        rewind(event.cell, -1);
        write("delete from artifacts where run = ? and cell = ?", run, event.cell);
        write("delete from notes where run = ? and cell = ? and source = 'run'", run, event.cell);
        write(
          `update cells set title = ?, description = ?, key = ?, status = 'running', started = ?
           where run = ? and name = ?`,
          ...[event.title, event.description, event.cellKey, event.time, run, event.cell],
        );
        break;
      case "metrics":
        metrics(event);
        break;
      case "note":
        write(NOTE, run, "run", event.cell ?? null, event.level, event.time, event.text);
        break;
      case "artifact":
        write(
          "insert or replace into artifacts values (?, ?, ?, ?, ?, ?)",
          ...[run, event.cell, event.name, event.path, event.bytes, event.sha256],
        );
        break;
      case "cell.end":
        write(
          "update cells set status = ?, seconds = ?, summary = ? where run = ? and name = ?",
          ...[event.status, event.seconds, event.summary, run, event.cell],
        );
        break;
      case "run.end":
        write(
          "update runs set status = ?, seconds = ?, error = ? where id = ?",
          ...[event.status, event.seconds, event.error ?? null, run],
        );
        for (const row of resultRows(event.results)) {
          write("insert or replace into results values (?, ?, ?, ?, ?, ?, ?, ?)", run, ...row);
        }
        break;
    }
  };

  const label = ({ name, tags, notes }: Labels) => {
    write("update runs set name = ? where id = ?", name, run);
    write("delete from tags where run = ?", run);
    write("delete from notes where run = ? and source = 'person'", run);
    if (!started) return;
    for (const tag of tags) write("insert into tags values (?, ?)", run, tag);
    for (const { time, text } of notes) write(NOTE, run, "person", null, "info", time, text);
  };

  const settle = (writer: WriterState, damaged: number) => {
    write("update runs set damaged = ? where id = ?", damaged, run);
    const status = writer === "gone"
      ? "'lost'"
      : writer === "silent"
      ? "'stalled'"
      : "iif(stalled, 'stalled', 'running')";
    write(`update runs set status = ${status} where id = ? and status in ('running', 'stalled', 'lost')`, run);
  };

  return { apply, label, settle, clear };
}

const NOTE = "insert into notes values (?, ?, ?, ?, ?, ?)";
const POINT = "insert or replace into points values (?, ?, ?, ?, ?, ?, ?)";
const NOT_FINITE = `insert into metrics (run, cell, name, points, not_finite) values (?, ?, ?, 1, 1)
  on conflict do update set points = points + 1, not_finite = not_finite + 1`;
const FINITE = `insert into metrics values (?1, ?2, ?3, 1, 0, ?4, ?5, ?4, ?5, ?4, ?5)
  on conflict do update set points = points + 1, last = ?4, last_step = ?5,
    min_step = case when min is null or ?4 < min then ?5 else min_step end, min = min(coalesce(min, ?4), ?4),
    max_step = case when max is null or ?4 > max then ?5 else max_step end, max = max(coalesce(max, ?4), ?4)`;

type ResultRow = readonly [string, string, string, number, number | null, number | null, number | null];

/** Rows without the run: method, kind, name, value, low, high, samples. */
function resultRows(results: RunResults | undefined): ResultRow[] {
  return Object.entries(results?.methods ?? {}).flatMap(([method, { bpb, bpbInterval, tasks, parameters }]) => [
    ...Object.entries(bpb).map(([domain, value]): ResultRow => {
      const interval = bpbInterval[domain];
      return [method, "bpb", domain, value, interval?.low ?? null, interval?.high ?? null, interval?.samples ?? null];
    }),
    ...Object.entries(tasks).map(([task, { value, low, high, samples }]): ResultRow => [
      ...[method, "task", task] as const,
      ...[value, low, high, samples] as const,
    ]),
    ...Object.entries(parameters).map(([name, value]): ResultRow => [
      ...[method, "parameters", name] as const,
      ...[value, null, null, null] as const,
    ]),
  ]);
}

function cached<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) made.set(key, value = make(key));
    return value;
  };
}
