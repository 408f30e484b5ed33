// Running one cell: take it from the cache and replay its log, or build it in a workshop and move it into place.
import { join, relative } from "node:path";
import type { z } from "zod";
import { attempt, explainError } from "../../errors.ts";
import type { CellContext, CellResult, CellSpec } from "./cell.ts";
import { addressOf, type CellAddress } from "./cell-address.ts";
import { type CellDescription, describeCell } from "./cell-description.ts";
import { recordCell } from "./cell-record.ts";
import { openCheckpoints } from "./cell-checkpoints.ts";
import { type CellEvent, type CellLog, cellLog, parseCellEvents } from "./cell-log.ts";
import {
  CELL_EVENTS_FILE,
  type CellManifest,
  commitCell,
  contentOf,
  discardCell,
  findCell,
  makeCellWorkshop,
  MANIFEST_FILE,
} from "./cell-store.ts";
import { canonicalJson } from "../files/canonical.ts";
import type { EventBody, RunEvent } from "../events/events.ts";
import { takeTurn } from "./cell-turn.ts";
import { takeLease } from "./lease.ts";
import { removeIfThere } from "../files/files.ts";
import type { CellHistory } from "../log/cell-history.ts";

/** Where a cell runs. */
export interface CellHost {
  readonly runsFolder: string;
  /** The folder that has the log: the run's, or that of one process that builds one of its cells. */
  readonly folder: string;
  /** The run's id. */
  readonly run: string;
  /** The job that this process is of, where a cluster runs it. */
  readonly job?: string | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks whether a newer copy of a cell has begun, besides those before each write. @default 2000 */
  readonly lookMs?: number;
  /** Whether what an interrupted build of a cell left is thrown away. */
  readonly fresh: boolean;
  /** What earlier processes that wrote this run logged of a cell. */
  past(cell: string): CellHistory | undefined;
  write(body: EventBody, replayed?: boolean): RunEvent;
  sync(): void;
}

/** Runs one cell; see `Run.cell`. */
export async function runCell<Output extends z.ZodType>(
  host: CellHost,
  spec: CellSpec<Output>,
  body: (context: CellContext) => Promise<z.output<Output>>,
): Promise<CellResult<z.output<Output>>> {
  return (await takeOrBuild(host, spec, body, true))!;
}

/** Takes a cell from the cache, and logs that; undefined, with nothing logged, if it is not there. */
export async function takeCell<Output extends z.ZodType>(
  host: CellHost,
  spec: CellSpec<Output>,
  body: (context: CellContext) => Promise<z.output<Output>>,
): Promise<CellResult<z.output<Output>> | undefined> {
  return await takeOrBuild(host, spec, body, false);
}

async function takeOrBuild<Output extends z.ZodType>(
  host: CellHost,
  spec: CellSpec<Output>,
  body: (context: CellContext) => Promise<z.output<Output>>,
  builds: boolean,
): Promise<CellResult<z.output<Output>> | undefined> {
  host.signal.throwIfAborted();
  const { name, title } = spec;
  const description = describeCell(spec, body);
  const { inputs, code } = description;
  const began = performance.now();
  const before = host.past(name);
  const address = await addressOf(host.runsFolder, description, code, before?.start);
  const { key, family, continues } = address;
  const { found, damage } = await findWhole(host.runsFolder, spec, key);
  if (found === undefined && !builds) return undefined;
  const over = before?.end === "done" || before?.end === "cached";
  if (before?.start.cellKey === key && over && found !== undefined) {
    return resultOf(found, true);
  }
  // An attempt that did not end is resumed; anything else begins an account of its own.
  const past = before?.start.cellKey === key && !over ? before : undefined;
  if (past === undefined) {
    const more = { ...(family === undefined ? {} : { family }), ...(continues === undefined ? {} : { continues }) };
    host.write({ kind: "cell.start", cell: name, title, description: spec.description, cellKey: key, ...more });
    await recordCell(host.folder, name, { key, inputs: plainJson(inputs), code: description.sources });
  }
  if (damage !== undefined) {
    const text = `The cached result of this cell is damaged (${damage}); rebuilding it`;
    host.write({ kind: "note", cell: name, level: "warning", text });
  }
  let replaying = false;
  const log = cellLog((event) => host.write(event, replaying), past?.events ?? []);
  const replay = (events: readonly CellEvent[]) => {
    replaying = true;
    for (const event of events) log.write({ ...event, cell: name });
    replaying = false;
  };
  const takeFromCache = (cell: Whole<z.output<Output>>) => {
    const { events, manifest, folder } = cell;
    replay(events);
    logArtifacts(host, name, { manifest, folder }, past);
    const seconds = (performance.now() - began) / 1000;
    const builtBy = manifest.run === undefined ? {} : { builtBy: manifest.run };
    host.write({ kind: "cell.end", cell: name, status: "cached", seconds, summary: manifest.summary, ...builtBy });
    return resultOf(cell, true);
  };
  if (found !== undefined) return takeFromCache(found);
  const turn = await takeTurn(host.runsFolder, key, host.signal, (holder) => {
    const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
    host.write({
      kind: "note",
      cell: name,
      level: "info",
      text: `Waiting for ${who}, which is building the same cell`,
    });
  }, host.job).catch((error) => {
    const seconds = (performance.now() - began) / 1000;
    host.write({ kind: "cell.end", cell: name, status: "stopped", seconds, summary: "stopped before its turn" });
    throw error;
  });
  try {
    const made = turn.waited ? (await findWhole(host.runsFolder, spec, key)).found : undefined;
    if (made !== undefined) return takeFromCache(made);
    return await build(host, spec, body, { inputs, code, address, past, log, replay });
  } finally {
    await turn.release();
  }
}

interface Attempt extends Pick<CellDescription, "inputs" | "code"> {
  readonly address: CellAddress;
  readonly past: CellHistory | undefined;
  readonly log: CellLog;
  /** Logs again what the cell logged before. */
  replay(events: readonly CellEvent[]): void;
}

async function build<Output extends z.ZodType>(
  host: CellHost,
  spec: CellSpec<Output>,
  body: (context: CellContext) => Promise<z.output<Output>>,
  { inputs, code, address, past, log, replay }: Attempt,
): Promise<CellResult<z.output<Output>>> {
  const { key, configHash, continues } = address;
  const cell = spec.name;
  const began = performance.now();
  let before = 0;
  const seconds = () => before + (performance.now() - began) / 1000;
  const workshop = await makeCellWorkshop(host.runsFolder);
  const lease = await takeLease(host.runsFolder, key, host.lookMs);
  const signal = AbortSignal.any([host.signal, lease.signal]);
  let finished = false;
  try {
    const checkpoints = await openCheckpoints({
      runsFolder: host.runsFolder,
      cellKey: key,
      configHash,
      continues,
      fresh: host.fresh,
      seconds,
      warn: (text) => void host.write({ kind: "note", cell, level: "warning", text }),
      lines: log.lines,
      sync: host.sync,
      renew: lease.renew,
    });
    before = checkpoints.seconds;
    replay(checkpoints.events);
    const { last } = checkpoints.context;
    if (last !== undefined || past !== undefined) host.write({ kind: "cell.resume", cell, step: last?.step ?? 0 });
    let summary = "";
    const value = await body({
      folder: workshop,
      signal,
      checkpoints: checkpoints.context,
      metrics: (step, steps, values) => log.write({ kind: "metrics", cell, step, steps, values: finiteOrNull(values) }),
      note: (text, level = "info", alert) =>
        log.write({ kind: "note", cell, level, text, ...(alert === undefined ? {} : { alert }) }),
      table: (table) => log.write({ kind: "table", cell, table }),
      rewind: (step) => log.write({ kind: "cell.rewind", cell, step }),
      summary: (text) => summary = text,
    });
    // A body that returns because the run is stopping has not made a whole cell.
    signal.throwIfAborted();
    await writeEvents(workshop, log.lines());
    const manifest = { key, inputs: plainJson(inputs), code, output: plainJson(value), summary };
    const made = { ...manifest, seconds: seconds(), run: host.run };
    await lease.renew();
    const built = await commitCell(host.runsFolder, workshop, made);
    finished = true;
    logArtifacts(host, cell, built, past);
    host.write({ kind: "cell.end", cell, status: "done", seconds: seconds(), summary });
    host.sync();
    return resultOf({ ...built, value: spec.output.parse(built.manifest.output) }, false);
  } catch (error) {
    const stopped = host.signal.aborted && error === host.signal.reason;
    const summary = stopped ? "stopped before its end" : firstLine(explainError(error));
    const status = signal.aborted ? "stopped" : "failed";
    // If the log itself cannot be written, the error under way says more.
    attempt(() => host.write({ kind: "cell.end", cell, status, seconds: seconds(), summary }));
    await removeIfThere(workshop).catch(() => {});
    throw error;
  } finally {
    await lease.end(finished);
  }
}

/** The value as JSON keeps it, in its own order of keys; what JSON would bend (NaN, a Map) is an error. */
function plainJson(value: unknown) {
  canonicalJson(value ?? null);
  return JSON.parse(JSON.stringify(value ?? null));
}

function finiteOrNull(values: Readonly<Record<string, number>>): Record<string, number | null> {
  return Object.fromEntries(Object.entries(values).map(([key, v]) => [key, Number.isFinite(v) ? v : null]));
}

async function writeEvents(workshop: string, lines: string): Promise<void> {
  for (const name of [CELL_EVENTS_FILE, MANIFEST_FILE]) {
    const taken = await Deno.stat(join(workshop, name)).then(() => true, () => false);
    if (taken) throw new Error(`Cannot keep the cell's file "${name}": the name is the cache's own`);
  }
  await Deno.writeTextFile(join(workshop, CELL_EVENTS_FILE), lines);
}

/** A finished cell with its value. */
interface Finished<Value> {
  readonly value: Value;
  readonly manifest: CellManifest;
  readonly folder: string;
}

function resultOf<Value>({ value, manifest, folder }: Finished<Value>, cached: boolean): CellResult<Value> {
  return { key: manifest.key, content: contentOf(manifest), value, folder, cached };
}

/** A cached cell, read. */
interface Whole<Value> extends Finished<Value> {
  readonly events: NonNullable<ReturnType<typeof parseCellEvents>>;
}

/** The cached cell with its value and log, if it is whole; otherwise what is wrong with it, if it is there. */
async function findWhole<Output extends z.ZodType>(runsFolder: string, spec: CellSpec<Output>, key: string) {
  const found = await findCell(runsFolder, key);
  if (found.kind === "absent") return {};
  if (found.kind === "damaged") return { damage: found.reason };
  const value = spec.output.safeParse(found.manifest.output);
  const text = await Deno.readTextFile(join(found.folder, CELL_EVENTS_FILE)).catch(() => undefined);
  const events = text === undefined ? undefined : parseCellEvents(text);
  if (!value.success || events === undefined) {
    // Whole, but of another version of the schemas: it would never fit, so it makes way.
    await discardCell(runsFolder, found.folder);
    return { damage: `its ${value.success ? "log" : "output"} does not fit the schema` };
  }
  return { found: { value: value.data, events, manifest: found.manifest, folder: found.folder } };
}

function logArtifacts(
  host: CellHost,
  cell: string,
  { manifest, folder }: { manifest: CellManifest; folder: string },
  past: CellHistory | undefined,
) {
  const base = relative(host.runsFolder, folder).replaceAll("\\", "/");
  const logged = new Set(past?.events.flatMap((event) => event.kind === "artifact" ? [event.name] : []));
  for (const { path, bytes, sha256 } of manifest.files) {
    if (path === CELL_EVENTS_FILE || logged.has(path)) continue;
    host.write({ kind: "artifact", cell, name: path, path: `${base}/${path}`, bytes, sha256 });
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}
