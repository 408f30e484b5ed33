// What an experiment sees of a run: cells with inputs that address them, and a place to put what they make.
import type { z } from "zod";
import type { CodeModule } from "../files/code-version.ts";
import type { AlertDetails, JobPlace, RunEvent, Table } from "../events/events.ts";
import type { RunResults } from "../events/results.ts";

/** What identifies and describes one cell. */
export interface CellSpec<Output extends z.ZodType> {
  /** Short name, unique in the run: `seed`, `expert:code`, `stitch`. */
  readonly name: string;
  readonly title: string;
  /** A sentence for the reader. */
  readonly description: string;
  /** Everything that the outcome depends on: configuration, data fingerprint, keys of the cells it builds on. */
  readonly inputs: unknown;
  /**
   * The module that defines the cell, `import.meta`; or several, where others give it functions. The code version in the
   * cell's key follows from what they import, and from the text of the body.
   */
  readonly code: CodeModule | readonly CodeModule[];
  /** The device that it computes on: its arithmetic and its code are part of the key. Left out: none. */
  readonly device?: CellDevice;
  /**
   * The inputs less what may change while the cell is being built (how many steps, how often to validate). When a run is
   * continued with such a change, a cell of the same family resumes from its last checkpoint.
   */
  readonly family?: unknown;
  /** Schema of the small JSON value that the cell returns. Large things are files in its folder. */
  readonly output: Output;
  /** What it takes to build, for plans. Left out: next to nothing. */
  readonly cost?: () => CellCost;
  /** The value that a plan assumes where later cells are described by it. Left out: no plan reads the value. */
  readonly expected?: () => z.output<Output>;
}

/** The device that a cell computes on, as far as the cell is concerned. */
export interface CellDevice {
  /** As people know it: kept with figures that depend on the machine, but no part of the key. */
  readonly description: string;
  /** What decides the last bits of its results; see `Device`. */
  readonly numerics: string;
  /** The module that opens it. */
  readonly code: CodeModule;
}

/** What a cell takes to build. */
export interface CellCost {
  /** Tokens that it trains on. @default 0 */
  readonly tokens?: number;
  /** Floating-point operations. */
  readonly flops: number;
  /**
   * Passes of a batch through a layer of a model, each of which takes a moment however small it is; embedding and head
   * count as layers. @default 0
   */
  readonly layers?: number;
  /** Memory at its peak, in bytes. @default 0 */
  readonly bytes?: number;
}

/** What a cell's body may do. */
export interface CellContext {
  /** An empty folder for the cell's files; renamed into place when the body returns. */
  readonly folder: string;
  /** Aborted when the run is to stop; the body should return or throw soon after. */
  readonly signal: AbortSignal;
  /** Logs one point; `values` may hold NaN or infinity (stored as null). */
  metrics(step: number, steps: number, values: Readonly<Record<string, number>>): void;
  /** @param alert for a note that is an alert */
  note(text: string, level?: "info" | "warning" | "error", alert?: AlertDetails): void;
  table(table: Table): void;
  /** The cell went back to a step: its points of later steps are void. */
  rewind(step: number): void;
  readonly checkpoints: CellCheckpoints;
  /** One line on what came out, shown beside the cell. */
  summary(text: string): void;
}

/** Where a cell that takes long is kept while it is being built. */
export interface CellCheckpoints {
  /**
   * The newest whole checkpoint of this cell, which the body should resume from: what was logged up to its step has been
   * logged again. Absent: there is none.
   */
  readonly last?: { readonly folder: string; readonly step: number };
  /** All whole checkpoints of this cell, oldest first. */
  all(): Promise<readonly { readonly folder: string; readonly step: number }[]>;
  /** Removes all checkpoints of this cell. */
  clear(): Promise<void>;
  /**
   * Keeps a checkpoint. `write` puts its files into a folder; when the call returns they are on the disk and were read
   * back. The newest `keep` (at least 2) and the one with the lowest score stay.
   *
   * @throws UserError `checkpoint.write`, saying how much was needed, when it cannot be written; older ones stay
   */
  save(point: CheckpointToSave, write: (folder: string) => Promise<void>): Promise<void>;
}

/** What a cell says of a checkpoint. */
export interface CheckpointToSave {
  readonly step: number;
  /** Lower is better; null: not known. */
  readonly score: number | null;
  /** About how many bytes its files will have. */
  readonly bytes: number;
  readonly keep: number;
}

/** A finished cell. */
export interface CellResult<Value> {
  /** Content address; put it among the `inputs` of the cells that build on this one. */
  readonly key: string;
  /**
   * Hash of its value and files, without its log. In place of the key among `inputs`, it keeps cells that build on this
   * one from being rebuilt when this one was rebuilt and came out the same.
   */
  readonly content: string;
  readonly value: Value;
  /** The folder with the cell's files; never written again. */
  readonly folder: string;
  readonly cached: boolean;
}

/** What an experiment is written against: a run that builds its cells, or a recording of them for a plan. */
export interface CellRunner {
  /** Runs `body`, or takes its result from the cache when a cell of the same key exists (its log is replayed). */
  cell<Output extends z.ZodType>(
    spec: CellSpec<Output>,
    body: (context: CellContext) => Promise<z.output<Output>>,
  ): Promise<CellResult<z.output<Output>>>;
}

/** A cell that an experiment will run, with what it takes. */
export interface PlannedCell extends Required<CellCost> {
  /** Its name. */
  readonly cell: string;
  readonly title: string;
  /** Names of the cells that it builds on: those whose keys or contents are among its inputs. */
  readonly needs: readonly string[];
}

/** A cell that is not in the cache. */
export interface MissingCell extends PlannedCell {
  /**
   * Its key, if what it builds on is in the cache. Otherwise a stand-in, which is equal for cells that will have equal
   * keys if equal cells come out equal.
   */
  readonly key: string;
  /** Hash of the code that it will be built with. */
  readonly code: string;
  /** The arithmetic of the device that it computes on; undefined: it computes on none. */
  readonly numerics: string | undefined;
}

/** What the process that writes a run does for cells that other processes build. */
export interface Elsewhere {
  /**
   * Runs the experiment's body up to what the cache lacks: takes what is there, and says which cells are missing.
   *
   * @param mayTake cells that are not looked for in the cache count as missing. @default all
   */
  missing(
    body: (run: CellRunner) => Promise<unknown>,
    mayTake?: (cell: string) => boolean,
  ): Promise<MissingCell[]>;
  /**
   * Tells in the run's log what one attempt at a cell logs, whose events are given in order.
   *
   * @param attached whether the attempt began before this process wrote the run
   */
  relay(cell: string, attached: boolean): (event: RunEvent) => void;
  /** Logs where the job of a cell is. */
  job(cell: string, place: JobPlace): void;
  /** Logs that a cell ended which has begun, and whose process did not log that itself. */
  end(cell: string, status: "failed" | "stopped", summary: string): void;
  /** Keeps what the cell was built from, as `attempt`, the folder of the process that builds it, has it. */
  keepRecord(cell: string, attempt: string): Promise<void>;
  /** Whether the cell that was last begun under this name is in the cache. */
  isBuilt(cell: string): Promise<boolean>;
}

/** One run: a folder that one process writes. */
export interface Run extends CellRunner {
  readonly id: string;
  /** `<runs>/<id>` */
  readonly folder: string;
  readonly signal: AbortSignal;
  note(text: string, level?: "info" | "warning" | "error", alert?: AlertDetails): void;
  /** For cells that other processes build. */
  readonly elsewhere: Elsewhere;
  /** Spent on the run so far, by this process and those that wrote it before. */
  seconds(): number;
  /** Ends the run as done. */
  finish(results: RunResults): void;
  /** Ends the run as failed (or stopped, when the signal is aborted). */
  fail(error: unknown): void;
}
