// What an engine is: where the cells of a run are built, by processes of their own.
import type { JobPlace, MissingCell } from "../run/mod.ts";
import type { Clock } from "./clock.ts";

/** Where an engine has a cell. */
export interface CellState {
  readonly cell: string;
  /** `waiting`: for other cells, or for a free place. `ended`: no process builds it, and none will. */
  readonly state: "waiting" | "running" | "ended";
  /** Its job on a cluster, if that is known. */
  readonly job?: JobPlace;
  /** The run whose job builds it, if that is another one. */
  readonly by?: string;
  /** How its last process ended, if the engine knows; undefined, too, if there was none. */
  readonly how?: string;
}

/** An engine at work on one run. */
export interface Engine {
  /**
   * Takes in the cells to build; `needs` orders them. What jobs build already is not handed in again; but cells that are
   * given a second time are, because the run that was to build them has not, or cells that they build on.
   *
   * @param lacking which of some cells the cache lacks now: another run may have built one of them just before
   */
  submit(
    cells: readonly MissingCell[],
    lacking: (cells: readonly MissingCell[]) => Promise<MissingCell[]>,
  ): Promise<void>;
  /** Starts what can start, and says where every cell is. @param done the cells that are built */
  poll(done: ReadonlySet<string>): Promise<readonly CellState[]>;
  /** Asks everything that is under way to stop, and starts nothing more. */
  cancel(): Promise<void>;
  /** Gives up what it holds, when no cell is under way any more. */
  close(): Promise<void>;
  /** What to tell a person who leaves: that cells are built further when this process ends. Undefined: they are not. */
  leaving(): string | undefined;
  /** Whether the jobs began before this process. */
  readonly attached?: boolean;
  /** Milliseconds between two polls. @param cells how many are followed */
  readonly pollMs: (cells: number) => number;
  readonly clock: Clock;
  /** How long a new file may take to be seen, in milliseconds. */
  readonly patienceMs: number;
}

/** The kind of a cell, for settings: `expert` of `expert:code`. */
export function kindOf(cell: string): string {
  return cell.split(":")[0]!;
}
