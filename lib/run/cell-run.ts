// Running one cell: take it from the cache and replay its log, or build it in a workshop and move it into place.
import { join, relative } from "node:path";
import { z } from "zod";
import { explainError } from "../errors.ts";
import type { CellContext, CellResult, CellSpec } from "./cell.ts";
import {
  CELL_EVENTS_FILE,
  cellKey,
  type CellManifest,
  commitCell,
  discardCell,
  findCell,
  makeCellWorkshop,
  MANIFEST_FILE,
} from "./cell-store.ts";
import { canonicalJson } from "./canonical.ts";
import { codeVersion } from "./code-version.ts";
import { type EventBody, eventSchema, type RunEvent } from "./events.ts";
import { removeIfThere, sha256 } from "./files.ts";

/** Where a cell runs. */
export interface CellHost {
  readonly runsFolder: string;
  readonly signal: AbortSignal;
  write(body: EventBody): RunEvent;
  sync(): void;
}

/** Runs one cell; see `Run.cell`. */
export async function runCell<Output extends z.ZodType>(
  host: CellHost,
  spec: CellSpec<Output>,
  body: (context: CellContext) => Promise<z.output<Output>>,
): Promise<CellResult<z.output<Output>>> {
  host.signal.throwIfAborted();
  // The body itself counts too, so that an edited copy of an experiment never takes the original's results.
  const code = sha256(`${await codeVersion(spec.code)}\n${body}`);
  const key = cellKey(spec.inputs, code);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  host.write({
    kind: "cell.start",
    cell: spec.name,
    title: spec.title,
    description: spec.description,
    cellKey: key,
  });
  const cached = await takeFromCache(host, spec, key);
  if (cached !== undefined) {
    host.write({ kind: "cell.end", cell: spec.name, status: "cached", seconds: seconds(), summary: cached.summary });
    return { key, value: cached.value, folder: cached.folder, cached: true };
  }
  const workshop = await makeCellWorkshop(host.runsFolder);
  try {
    const { value, summary, events } = await build(host, spec, body, workshop);
    await writeEvents(workshop, events);
    const output = plainJson(value);
    const inputs = plainJson(spec.inputs);
    const built = await commitCell(host.runsFolder, workshop, {
      key,
      inputs,
      code,
      output,
      summary,
      seconds: seconds(),
    });
    logArtifacts(host, spec.name, built);
    host.write({ kind: "cell.end", cell: spec.name, status: "done", seconds: seconds(), summary });
    host.sync();
    return { key, value: spec.output.parse(built.manifest.output), folder: built.folder, cached: false };
  } catch (error) {
    const status = host.signal.aborted ? "stopped" : "failed";
    const summary = status === "stopped" ? "stopped before its end" : firstLine(explainError(error));
    try {
      host.write({ kind: "cell.end", cell: spec.name, status, seconds: seconds(), summary });
    } catch {
      // The log itself cannot be written; the error under way says more.
    }
    await removeIfThere(workshop);
    throw error;
  }
}

/** The body's value, summary and log. A body that returns because the run is stopping has not made a whole cell. */
async function build<Output extends z.ZodType>(
  host: CellHost,
  spec: CellSpec<Output>,
  body: (context: CellContext) => Promise<z.output<Output>>,
  workshop: string,
) {
  const events: RunEvent[] = [];
  let summary = "";
  const log = (event: EventBody) => void events.push(host.write(event));
  const value = await body({
    folder: workshop,
    signal: host.signal,
    metrics: (step, steps, values) =>
      log({ kind: "metrics", cell: spec.name, step, steps, values: finiteOrNull(values) }),
    note: (text, level = "info") => log({ kind: "note", cell: spec.name, level, text }),
    table: (table) => log({ kind: "table", cell: spec.name, table }),
    summary: (text) => summary = text,
  });
  host.signal.throwIfAborted();
  return { value, summary, events };
}

/** The value as JSON keeps it, in its own order of keys; what JSON would bend (NaN, a Map) is an error. */
function plainJson(value: unknown) {
  canonicalJson(value ?? null);
  return JSON.parse(JSON.stringify(value ?? null));
}

function finiteOrNull(values: Readonly<Record<string, number>>): Record<string, number | null> {
  return Object.fromEntries(Object.entries(values).map(([key, v]) => [key, Number.isFinite(v) ? v : null]));
}

async function writeEvents(workshop: string, events: readonly RunEvent[]): Promise<void> {
  for (const name of [CELL_EVENTS_FILE, MANIFEST_FILE]) {
    const taken = await Deno.stat(join(workshop, name)).then(() => true, () => false);
    if (taken) throw new Error(`Cannot keep the cell's file "${name}": the name is the cache's own`);
  }
  const lines = events.map((event) => JSON.stringify(event) + "\n");
  await Deno.writeTextFile(join(workshop, CELL_EVENTS_FILE), lines.join(""));
}

/** The cached cell's value, with its log replayed into this run; undefined when it must be built. */
async function takeFromCache<Output extends z.ZodType>(host: CellHost, spec: CellSpec<Output>, key: string) {
  const found = await findCell(host.runsFolder, key);
  if (found.kind === "absent") return undefined;
  const rebuild = (reason: string) => {
    const text = `The cached result of this cell is damaged (${reason}): it is built again`;
    host.write({ kind: "note", cell: spec.name, level: "warning", text });
  };
  if (found.kind === "damaged") return void rebuild(found.reason);
  const value = spec.output.safeParse(found.manifest.output);
  const events = await recordedEvents(found.folder);
  if (!value.success || events === undefined) {
    // Whole, but of another version of the schemas: it would never fit, so it makes way.
    await discardCell(host.runsFolder, found.folder);
    return void rebuild(value.success ? "its log does not fit the schema" : "its output does not fit the schema");
  }
  for (const event of events) host.write({ ...event, cell: spec.name });
  logArtifacts(host, spec.name, found);
  return { value: value.data, summary: found.manifest.summary, folder: found.folder };
}

async function recordedEvents(folder: string) {
  const text = await Deno.readTextFile(join(folder, CELL_EVENTS_FILE)).catch(() => undefined);
  const recorded: Extract<EventBody, { kind: "metrics" | "note" | "table" }>[] = [];
  for (const line of text?.split("\n") ?? []) {
    if (line === "") continue;
    const parsed = eventSchema.safeParse(JSON.parse(line));
    if (!parsed.success) return undefined;
    const { seq: _seq, time: _time, ...event } = parsed.data;
    if (event.kind === "metrics" || event.kind === "note" || event.kind === "table") recorded.push(event);
  }
  return text === undefined ? undefined : recorded;
}

function logArtifacts(host: CellHost, cell: string, { manifest, folder }: { manifest: CellManifest; folder: string }) {
  const base = relative(host.runsFolder, folder).replaceAll("\\", "/");
  for (const { path, bytes, sha256 } of manifest.files) {
    if (path === CELL_EVENTS_FILE) continue;
    host.write({ kind: "artifact", cell, name: path, path: `${base}/${path}`, bytes, sha256 });
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0]!;
}
