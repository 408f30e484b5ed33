// Building one cell of a run in a process of its own, perhaps on another machine, from what the cache has.
import { setTimeout as delay } from "node:timers/promises";
import type { z } from "zod";
import { nearest, UserError } from "../../errors.ts";
import type { CellResult, CellRunner, CellSpec } from "./cell.ts";
import { addressOf } from "./cell-address.ts";
import { describeCell } from "./cell-description.ts";
import { type CellHost, runCell } from "./cell-run.ts";
import { checkpointsOf, checkpointSteps } from "./checkpoint-store.ts";
import { cellFolder, contentOf, findCell, readManifest } from "./cell-store.ts";
import { leavesOf, placeholder } from "./record.ts";
import type { RunEvent } from "../events/events.ts";
import { type CellHistories, cellHistories } from "../log/cell-history.ts";
import { openLog } from "../log/log.ts";
import { readEvents } from "../log/read.ts";
import type { RunListener } from "../log/run-writer.ts";

/** What building one cell of a run needs. */
export interface LoneCellOptions extends Pick<CellHost, "runsFolder" | "run" | "signal" | "fresh" | "job" | "lookMs"> {
  /** Name of the cell. */
  readonly cell: string;
  /** An empty folder for the log of this attempt: the run's own log is written by another process. */
  readonly folder: string;
  /** How long to wait for the cells that it builds on: on a network file system they may be seen late. */
  readonly patienceMs: number;
  readonly onEvent?: RunListener;
  /** Called before it is built; may refuse it. */
  readonly check?: (made: Made) => void | Promise<void>;
}

/** What a cell would be built with: the code version, the device's arithmetic, and the checkpoint that it resumes from. */
export interface Made {
  readonly code: string;
  readonly numerics: string | undefined;
  /** Step of its newest checkpoint; 0: there is none. */
  readonly step: number;
}

/** Milliseconds between two looks for cells that are not there yet. */
const LOOK_MS = 500;

/**
 * Builds one cell, or finds it in the cache, and logs to its own folder what a run logs of a cell.
 *
 * @param body the experiment's body, which is left as soon as the cell is built
 * @throws UserError `cell.unknown` when the run has no such cell, `cell.needs` when the cache lacks one that it builds
 *   on, and whatever the cell throws
 */
export async function runLoneCell(
  options: LoneCellOptions,
  body: (run: CellRunner) => Promise<unknown>,
): Promise<CellResult<unknown>> {
  const { runsFolder, run, cell, patienceMs, signal } = options;
  const histories = cellHistories((await readEvents(runsFolder, run))?.events ?? []);
  const log = openLog(options.folder);
  const write = (event: Parameters<typeof log.append>[0], replayed = false): RunEvent => {
    const written = log.append(event);
    options.onEvent?.(written, replayed);
    return written;
  };
  // What was logged before decides the cell's address; but this attempt gives an account of its own.
  const past = (name: string) => {
    const history = histories.get(name);
    return history && { start: history.start, events: [], end: undefined };
  };
  const host: CellHost = { ...options, past, write, sync: log.sync };
  const until = performance.now() + patienceMs;
  try {
    for (;;) {
      const reached = await reach({ host, histories, cell }, body);
      if (reached.kind === "unknown") throw unknownCell(run, cell, reached.names);
      // With other code, the cells that it builds on have other keys, and would be missed for ever.
      await options.check?.(reached.made);
      if (reached.kind === "ready") return await reached.build();
      if (performance.now() > until) throw needsOthers(run, cell, reached.missing);
      await delay(LOOK_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  } finally {
    log.close();
  }
}

/** What became of running the body up to a cell. */
type Reached =
  | {
    readonly kind: "ready";
    readonly made: Made;
    build(): Promise<CellResult<unknown>>;
  }
  | { readonly kind: "missing"; readonly made: Made; readonly missing: readonly string[] }
  | { readonly kind: "unknown"; readonly names: readonly string[] };

async function reach(
  { host, histories, cell }: {
    readonly host: CellHost;
    readonly histories: CellHistories;
    readonly cell: string;
  },
  body: (run: CellRunner) => Promise<unknown>,
): Promise<Reached> {
  const { runsFolder } = host;
  let reached: Reached | undefined;
  const leave = new Error("The body is left");
  const names: string[] = [];
  /** The cells behind keys and contents. */
  const named = new Map<unknown, { readonly name: string; readonly key: string }>();
  await body({
    async cell(spec, cellBody) {
      names.push(spec.name);
      const description = describeCell(spec, cellBody);
      if (spec.name !== cell) {
        const { key } = await addressOf(runsFolder, description, description.code, histories.get(spec.name)?.start);
        const result = await fromCache(runsFolder, key, spec);
        named.set(key, { name: spec.name, key }).set(result.content, { name: spec.name, key });
        return result;
      }
      const missing = new Set<string>();
      for (const { name, key } of [...leavesOf(spec.inputs)].flatMap((leaf) => named.get(leaf) ?? [])) {
        if ((await findCell(runsFolder, key)).kind !== "whole") missing.add(name);
      }
      const { key, continues } = await addressOf(
        runsFolder,
        description,
        description.code,
        histories.get(cell)?.start,
      );
      const [newest] = await checkpointSteps(checkpointsOf(runsFolder, key));
      const step = newest?.step ?? continues?.step ?? 0;
      const made = { code: description.code, numerics: spec.device?.numerics, step };
      reached = missing.size > 0
        ? { kind: "missing", made, missing: [...missing] }
        : { kind: "ready", made, build: () => runCell(host, spec, cellBody) };
      throw leave;
    },
  }).catch((error) => {
    if (error !== leave) throw error;
  });
  return reached ?? { kind: "unknown", names };
}

/** A cell from the cache by its manifest alone, or a placeholder. Those that the cell builds on are verified later. */
async function fromCache<Output extends z.ZodType>(
  runsFolder: string,
  key: string,
  { name, output, expected }: CellSpec<Output>,
): Promise<CellResult<z.output<Output>>> {
  const folder = cellFolder(runsFolder, key);
  const manifest = await readManifest(folder).catch(() => undefined);
  const value = manifest === undefined ? undefined : output.safeParse(manifest.output);
  return manifest !== undefined && value?.success
    ? { key, content: contentOf(manifest), value: value.data, folder, cached: true }
    : placeholder(name, expected, key, `content of ${key}`);
}

function unknownCell(run: string, cell: string, names: readonly string[]): UserError {
  const near = nearest(cell, names);
  return new UserError(
    "cell.unknown",
    `The run ${run} has no cell ${cell}: expected one of ${names.join(", ")}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}

function needsOthers(run: string, cell: string, missing: readonly string[]): UserError {
  return new UserError(
    "cell.needs",
    `Cannot build the cell ${cell} of ${run}: it builds on ${missing.join(", ")}, not in the cache`,
    `build ${missing[0]} first, or all that is missing with deno task resume ${run}`,
  );
}
