// Which cells of a run are missing, and which of them need which: what can be built side by side, or elsewhere.
import type { z } from "zod";
import type { CellContext, CellResult, CellRunner, CellSpec, MissingCell } from "./cell.ts";
import { addressOf } from "./cell-address.ts";
import { describeCell } from "./cell-description.ts";
import type { CellHistory } from "../log/cell-history.ts";
import { leavesOf, placeholder } from "./record.ts";

/** Where the run lies, and how it takes cells from the cache. */
export interface SurveyHost {
  readonly runsFolder: string;
  past(cell: string): CellHistory | undefined;
  /** The cell from the cache; undefined if it is not there. */
  take<Output extends z.ZodType>(
    spec: CellSpec<Output>,
    body: (context: CellContext) => Promise<z.output<Output>>,
  ): Promise<CellResult<z.output<Output>> | undefined>;
}

/**
 * Runs the experiment's body with the cells that the cache has, and with placeholders for the others.
 *
 * @returns the cells that are missing, in the order of the body; `needs` names only missing ones
 */
export async function surveyCells(
  host: SurveyHost,
  body: (run: CellRunner) => Promise<unknown>,
): Promise<MissingCell[]> {
  const missing: MissingCell[] = [];
  /** The cells behind keys and contents of missing cells. */
  const named = new Map<unknown, string>();
  await body({
    async cell(spec, cellBody) {
      const { name: cell, title, inputs, cost, expected, device } = spec;
      const taken = await host.take(spec, cellBody);
      if (taken !== undefined) return taken;
      const description = describeCell(spec, cellBody);
      const { key } = await addressOf(host.runsFolder, description, description.code, host.past(cell)?.start);
      const content = `content of ${key}`;
      const needs = [...new Set([...leavesOf(inputs)].flatMap((leaf) => named.get(leaf) ?? []))];
      const made = { key, code: description.code, numerics: device?.numerics };
      missing.push({ cell, title, needs, tokens: 0, flops: 0, layers: 0, bytes: 0, ...cost?.(), ...made });
      named.set(key, cell).set(content, cell);
      return placeholder(cell, expected, key, content);
    },
  });
  return missing;
}
