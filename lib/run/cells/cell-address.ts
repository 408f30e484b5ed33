// Under which key a cell is built: its own, or, in a run that is continued with changed settings, that of a cell that
// resumes from another's checkpoint.
import { canonicalJson } from "../files/canonical.ts";
import { cellKey, findCell } from "./cell-store.ts";
import { checkpointFolder, checkpointsOf, latestCheckpoint, verifyCheckpoint } from "./checkpoint-store.ts";
import type { RunEvent } from "../events/events.ts";
import { sha256 } from "../files/files.ts";

/** A cell's address. */
export interface CellAddress {
  readonly key: string;
  readonly configHash: string;
  readonly family?: string;
  readonly continues?: { readonly cellKey: string; readonly step: number };
}

/**
 * The address of a cell in a run.
 *
 * A cell that resumes from another's checkpoint, say after `steps` was raised, ends with other weights than one that had
 * the new settings from its first step: so its key includes what it resumes from, and it is never taken for the other.
 *
 * @param start what this run logged when it last began a cell of this name
 */
export async function addressOf(
  runsFolder: string,
  spec: { readonly inputs: unknown; readonly family?: unknown },
  code: string,
  start: Extract<RunEvent, { kind: "cell.start" }> | undefined,
): Promise<CellAddress> {
  const configHash = sha256(canonicalJson(spec.inputs ?? null));
  const own = { key: cellKey(spec.inputs, code), configHash };
  if (spec.family === undefined) return own;
  const family = cellKey(spec.family, code);
  const plain = { ...own, family };
  if (start === undefined || start.cellKey === own.key || start.family !== family) return plain;
  if ((await findCell(runsFolder, own.key)).kind === "whole") return plain;
  const from = (continues: NonNullable<CellAddress["continues"]>): CellAddress => {
    return { key: cellKey({ inputs: spec.inputs, continues }, code), configHash, family, continues };
  };
  // The same settings as last time: what was begun then continues.
  const again = start.continues && from(start.continues);
  if (again?.key === start.cellKey && await canGoOn(runsFolder, again)) return again;
  const last = await latestCheckpoint(checkpointsOf(runsFolder, start.cellKey), start.cellKey, () => {});
  return last === undefined ? plain : from({ cellKey: start.cellKey, step: last.step });
}

/** Whether the cell is finished, has a checkpoint of its own, or the one that it began from is still there. */
async function canGoOn(runsFolder: string, { key, continues }: CellAddress): Promise<boolean> {
  if ((await findCell(runsFolder, key)).kind === "whole") return true;
  if (await latestCheckpoint(checkpointsOf(runsFolder, key), key, () => {}) !== undefined) return true;
  const { cellKey, step } = continues!;
  const folder = checkpointFolder(checkpointsOf(runsFolder, cellKey), step);
  return (await verifyCheckpoint(folder, step, cellKey)).kind === "whole";
}
