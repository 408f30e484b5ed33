// What resuming a run will do to its cells, said before it is done: which continue, which start over, and why.
import { configDifferences } from "../config/differences.ts";
import type { CellHistory } from "../log/cell-history.ts";
import type { CellRunner } from "./cell.ts";
import { addressOf } from "./cell-address.ts";
import { describeCell } from "./cell-description.ts";
import { type CellRecord, readCellRecord } from "./cell-record.ts";
import { cellFolder, contentOf, readManifest } from "./cell-store.ts";
import { checkpointsOf, checkpointSteps } from "./checkpoint-store.ts";
import { placeholder } from "./record.ts";

/** A cell that the run has begun before and that will be built from its beginning. */
export interface Rebuilt {
  readonly cell: string;
  /** What is lost: all of a finished cell, or a checkpoint's steps. */
  readonly lost: "finished" | { readonly step: number };
  /** What has changed, of the cell itself: paths of its inputs, files of its code. Empty: only cells that it builds on. */
  readonly inputs: readonly string[];
  readonly code: readonly string[];
  /** Cells that it builds on and that are rebuilt; `content`: only their content matters, and may come out the same. */
  readonly from: readonly { readonly cell: string; readonly content: boolean }[];
  /** Whether it is not known what it was built from: the run is of an older version. */
  readonly unknown: boolean;
}

/** Where the run lies, and what it has logged. */
export interface PreviewHost {
  readonly runsFolder: string;
  /** The run's folder. */
  readonly folder: string;
  past(cell: string): CellHistory | undefined;
}

/**
 * Runs the experiment's body without its cells, with those that the cache has, and finds the cells that start over.
 *
 * @returns in the order of the run
 */
export async function previewCells(
  host: PreviewHost,
  body: (run: CellRunner) => Promise<unknown>,
): Promise<Rebuilt[]> {
  const record = await readCellRecord(host.folder);
  const rebuilt: Rebuilt[] = [];
  /** Cells that will not be taken from the cache, by their keys and by what stands for their contents. */
  const building = new Map<unknown, { readonly cell: string; readonly content: boolean }>();
  await body({
    async cell(spec, cellBody) {
      const { name, output, expected } = spec;
      const description = describeCell(spec, cellBody);
      const past = host.past(name);
      const { key, continues } = await addressOf(host.runsFolder, description, description.code, past?.start);
      const manifest = await readManifest(cellFolder(host.runsFolder, key)).catch(() => undefined);
      const value = manifest === undefined ? undefined : output.safeParse(manifest.output);
      if (manifest !== undefined && value?.success) {
        const folder = cellFolder(host.runsFolder, key);
        return { key, content: contentOf(manifest), value: value.data, folder, cached: true };
      }
      const result = placeholder(name, expected, key);
      const lost = past === undefined ? undefined : await lostOf(host, past);
      const same = past?.start.cellKey === key && lost !== "finished";
      const resumes = continues !== undefined ||
        (await checkpointSteps(checkpointsOf(host.runsFolder, key))).length > 0;
      if (lost !== undefined && !same && !resumes) {
        rebuilt.push({ cell: name, lost, ...causesOf(record, name, description, building) });
        building.set(key, { cell: name, content: false });
      }
      building.set(result.content, { cell: name, content: true });
      return result;
    },
  });
  return rebuilt;
}

/** What would be lost of a cell if it started over; undefined: nothing. */
async function lostOf({ runsFolder }: PreviewHost, { start, end }: CellHistory): Promise<Rebuilt["lost"] | undefined> {
  if (end === "done" || end === "cached") return "finished";
  const [last] = await checkpointSteps(checkpointsOf(runsFolder, start.cellKey));
  return last === undefined ? undefined : { step: last.step };
}

/** What differs between what a cell was built from and what it will be built from. */
function causesOf(
  record: CellRecord,
  name: string,
  { inputs, sources }: ReturnType<typeof describeCell>,
  building: ReadonlyMap<unknown, { readonly cell: string; readonly content: boolean }>,
): Pick<Rebuilt, "inputs" | "code" | "from" | "unknown"> {
  const before = Object.hasOwn(record.cells, name) ? record.cells[name] : undefined;
  const code = before === undefined ? undefined : record.code[before.code];
  if (before === undefined || code === undefined) return { inputs: [], code: [], from: [], unknown: true };
  const own: string[] = [];
  const from: Rebuilt["from"][number][] = [];
  for (const { key, b } of configDifferences(before.inputs, inputs ?? null)) {
    // A list of keys is one leaf.
    const upstream = [b].flat().flatMap((value) => building.get(value) ?? []);
    if (upstream.length > 0) from.push(...upstream);
    else own.push(key.replace(/^inputs\./, ""));
  }
  return { inputs: own, code: configDifferences(code, sources.sources).map(({ key }) => key), from, unknown: false };
}
