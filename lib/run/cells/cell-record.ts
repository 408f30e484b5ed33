// What each cell of a run was last built from: `cells.json` in the run's folder. With it, a run that is resumed can say what
// has changed since.
import { join } from "node:path";
import { z } from "zod";
import { absent, attempt } from "../../errors.ts";
import type { Code } from "../files/code-version.ts";

/** The file in a run's folder. */
const CELL_RECORD_FILE = "cells.json";

const recordSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Sources by code version: SHA-256 of each file, and the version of each package. */
  code: z.record(z.string(), z.record(z.string(), z.string())),
  /** By name: the key, what was hashed into it, and the code version. */
  cells: z.record(z.string(), z.strictObject({ key: z.string(), inputs: z.json(), code: z.string() })),
});

/** What each cell of a run was last built from. */
export type CellRecord = z.infer<typeof recordSchema>;

const EMPTY: CellRecord = { schemaVersion: 1, code: {}, cells: {} };

/** A run's record; an empty one where there is none, as in runs of older versions, or where it is damaged. */
export async function readCellRecord(folder: string): Promise<CellRecord> {
  const text = await Deno.readTextFile(join(folder, CELL_RECORD_FILE)).catch(absent) ?? "";
  return attempt(() => recordSchema.parse(JSON.parse(text))) ?? EMPTY;
}

/** Adds a cell that begins to a run's record, or replaces it. */
export async function recordCell(
  folder: string,
  name: string,
  { key, inputs, code }: { readonly key: string; readonly inputs: unknown; readonly code: Code },
): Promise<void> {
  const before = await readCellRecord(folder);
  const cells = {
    ...before.cells,
    [name]: { key, inputs: (inputs ?? null) as CellRecord["cells"][string]["inputs"], code: code.version },
  };
  await write(folder, { ...before, cells, code: { ...before.code, [code.version]: { ...code.sources } } });
}

/** Copies what a folder's record has of a cell to the record of another. */
export async function copyRecord(from: string, to: string, name: string): Promise<void> {
  const made = await readCellRecord(from);
  const cell = made.cells[name];
  if (cell === undefined) return;
  const before = await readCellRecord(to);
  const cells = { ...before.cells, [name]: cell };
  await write(to, { ...before, cells, code: { ...before.code, [cell.code]: made.code[cell.code]! } });
}

/** Writes a record, without code that no cell has. */
async function write(folder: string, { cells, code, ...record }: CellRecord): Promise<void> {
  const used = new Set(Object.values(cells).map(({ code }) => code));
  const codes = Object.entries(code).filter(([version]) => used.has(version));
  const text = JSON.stringify({ ...record, code: Object.fromEntries(codes), cells });
  const temporary = join(folder, `.${CELL_RECORD_FILE}.tmp`);
  // Not synced: what a crash of the machine loses here is an explanation, not a result.
  await Deno.writeTextFile(temporary, text + "\n");
  await Deno.rename(temporary, join(folder, CELL_RECORD_FILE));
}
