// What an engine is: where the cells of a run are built, by processes of their own.
import type { MissingCell } from "../run/mod.ts";

/** Where an engine has a cell. */
export interface CellState {
  readonly cell: string;
  /** `waiting`: for other cells, or for a free place. `ended`: no process builds it, and none will. */
  readonly state: "waiting" | "running" | "ended";
  /** The job, the node and what it waits for, as a clause for people: `job 12_0 waits (Priority)`. */
  readonly text?: string;
  /** How its last process ended, if the engine knows; undefined, too, if there was none. */
  readonly how?: string;
}

/** An engine at work on one run. */
export interface Engine {
  /** Takes in the cells to build; `needs` orders them. Those that it has already are not handed in again. */
  submit(cells: readonly MissingCell[]): Promise<void>;
  /** Starts what can start, and says where every cell is. @param done the cells that are built */
  poll(done: ReadonlySet<string>): Promise<readonly CellState[]>;
  /** Asks everything that is under way to stop, and starts nothing more. */
  cancel(): Promise<void>;
  /** Whether cells are built further when this process ends: what to tell a person who leaves. */
  readonly leaving?: string;
  /** Whether the jobs began before this process. */
  readonly attached?: boolean;
  /** Milliseconds between two polls. */
  readonly pollMs: number;
  /** How long a new file may take to be seen, in milliseconds. */
  readonly patienceMs: number;
}

/** The kind of a cell, for settings: `expert` of `expert:code`. */
export function kindOf(cell: string): string {
  return cell.split(":")[0]!;
}
