// The tables of the index over all runs, as docs/runs.md describes them. Raise the version with every change here.

/** Version of the tables (`PRAGMA user_version`): an index of another version is rebuilt from the logs. */
export const INDEX_VERSION = 8;
/** `PRAGMA application_id`, which distinguishes an index from other SQLite databases: "Stch" in ASCII. */
export const INDEX_APPLICATION = 0x53746368;

/** The tables whose rows belong to one run, by the column `run`. */
export const RUN_TABLES = ["cells", "points", "metrics", "results", "measures", "artifacts", "notes", "tags"] as const;

/**
 * Creates every table and view. Two are the index's own. `logs`: the state of each log, labels and evaluations file when it
 * was read, and the run's summary as its log has it. `states`: the folded view without points, which the next update
 * continues from; it is long, and rows of `logs` are read all at once.
 */
export const INDEX_SCHEMA = `
create table runs (
  id text primary key, name text, experiment text not null, title text not null, preset text not null,
  seed integer, device text not null, status text not null, started text not null, updated text not null,
  seconds real, error text, config text not null, command text not null, versions text not null, pid integer,
  damaged integer not null default 0, stalled integer not null default 0, cores real, memory real
) strict, without rowid;
create table cells (
  run text not null, position integer not null, name text not null, title text not null, description text not null,
  status text not null, key text not null, started text, seconds real, steps integer, summary text not null,
  primary key (run, name)
) strict, without rowid;
create table points (
  run text not null, cell text not null, metric text not null, seq integer not null, step integer not null,
  time text not null, value real,
  primary key (run, cell, metric, seq)
) strict, without rowid;
create table metrics (
  run text not null, cell text not null, name text not null, points integer not null, not_finite integer not null,
  last real, last_step integer, min real, min_step integer, max real, max_step integer,
  primary key (run, cell, name)
) strict, without rowid;
create index metrics_by_name on metrics (name, cell);
create table results (
  run text not null, method text not null, measure text not null, group_name text not null, value real not null,
  low real, high real, samples integer, better text, device text,
  primary key (run, method, measure, group_name)
) strict, without rowid;
create index results_by_name on results (measure, group_name, method, better, value);
create table measures (
  run text not null, name text not null, title text not null, format text not null, section text not null,
  chance real, machine_dependent integer not null,
  primary key (run, name)
) strict, without rowid;
create table artifacts (
  run text not null, cell text not null, name text not null, path text not null, bytes integer not null,
  sha256 text not null,
  primary key (run, cell, name)
) strict, without rowid;
create table notes (run text not null, source text not null, cell text, level text not null, time text not null,
  text text not null) strict;
create index notes_of_run on notes (run);
create table tags (run text not null, tag text not null, primary key (run, tag)) strict, without rowid;
create view alerts as select * from notes where level in ('warning', 'error');
create table logs (
  run text primary key, log_file real not null, log_size integer not null, log_time real not null,
  offset integer not null, line integer not null, seq integer not null, damaged integer not null,
  labels_file real not null, labels_size integer not null, labels_time real not null,
  evaluations_file real not null, evaluations_size integer not null, evaluations_time real not null, summary text not null
) strict, without rowid;
create table states (run text primary key, view text) strict;
`;
