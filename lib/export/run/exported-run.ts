// What a run is exported from, and into.
import type { AboutRun } from "../../report/mod.ts";
import type { RunView } from "../../run/mod.ts";

/** A run with everything that is known of it. */
export interface KnownRun extends AboutRun {
  readonly view: RunView;
}

/** A run to export. */
export interface ExportedRun extends KnownRun {
  /** The folder that it is in. */
  readonly runsFolder: string;
}

/** One file of an export. */
export interface RunFile {
  /** Relative to the export's folder, with `/` between the parts. */
  readonly name: string;
  /** Parts, made as they are written: a run may have millions of points. */
  readonly content: Iterable<string | Uint8Array<ArrayBuffer>>;
}
