// What a study will do and cost: the shared models once, then each variant.
import { type BtsConfig, planCells } from "../bts/mod.ts";
import type { PlannedCell } from "../experiment/mod.ts";
import type { Variant } from "./study.ts";

/** The cells of a study in order. */
export function planStudy(config: BtsConfig, variants: readonly Variant[]): PlannedCell[] {
  const own = new Set(["stitch", "evaluate:bts", "report"]);
  const cells = planCells(config);
  const varied = variants.flatMap(({ name, change }) =>
    planCells(change(config)).flatMap((cell): PlannedCell[] => {
      if (cell.cell === "stitch") return [{ ...cell, cell: `stitch:${name}`, title: `Train the stitches: ${name}` }];
      return cell.cell === "evaluate:bts" ? [{ ...cell, cell: `evaluate:${name}`, title: `Measure ${name}` }] : [];
    })
  );
  return [...cells.filter(({ cell }) => !own.has(cell)), ...varied, ...cells.filter(({ cell }) => cell === "report")];
}
