// Lists of runs, and sweeps, that show themselves.
import { UserError } from "../errors.ts";
import {
  listFromIndex,
  type ListOptions,
  rankTrials,
  readSweep,
  resolveSweep,
  runsTable,
  type SortedRun,
  sweepTables,
  type SweepView,
} from "../run/mod.ts";
import { type Displayable, displayingNow, type Shown, shown } from "./display.ts";
import { tablesBundle } from "./show/table.ts";
import { runsFolderOf } from "./start.ts";
import { told } from "./told.ts";

/** Which runs are listed, as `deno task ls` takes them. */
export interface RunsOptions extends ListOptions {
  /** Folder of the runs. @default as `lab.start()` */
  readonly runs?: string;
}

/**
 * The matching runs, newest first, as an array that shows itself as a table.
 *
 * @throws UserError `list.sort` for an unknown column or metric
 */
export function runs({ runs: folder, ...options }: RunsOptions = {}): Shown<readonly SortedRun[] & Displayable> {
  return shown(told(async () => {
    const runsFolder = runsFolderOf(folder);
    const found = await listFromIndex(runsFolder, options);
    return displayingNow(found, () => tablesBundle(runsTable(`Runs in ${runsFolder}`, found, options.sort)));
  }));
}

/**
 * A sweep: its trials, best first.
 *
 * @param sweep an id, the start of one, a name, or `last`
 * @param options.metric what trials are compared by. @default the sweep's own
 * @throws UserError `sweep.none` and others as `deno task sweep show` does
 */
export function sweep(
  sweep: string,
  { runs: folder, metric }: { readonly runs?: string; readonly metric?: string } = {},
): Shown<SweepView & Displayable> {
  return shown(told(async () => {
    const runsFolder = runsFolderOf(folder);
    const id = await resolveSweep(runsFolder, sweep);
    const view = await readSweep(runsFolder, id);
    if (view === undefined) {
      throw new UserError(
        "sweep.damaged",
        `Cannot read the sweep ${id}: its first line, the table of trials, is damaged`,
      );
    }
    const ranking = rankTrials(view, metric);
    return displayingNow({ ...view }, () => tablesBundle(...sweepTables(view, ranking)));
  }));
}
