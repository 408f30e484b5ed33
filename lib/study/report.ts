// The report cell of a study: all variants and the seed, and the study's directions.
import {
  compareMethods,
  comparisons,
  comparisonsTable,
  type Lab,
  type Measured,
  readLosses,
  resultsOf,
} from "../bts/mod.ts";
import { type CellResult, resultsTable, type RunResults, runResultsSchema } from "../run/mod.ts";
import { type Direction, directionsTable } from "./directions.ts";
import type { Study } from "./definition.ts";
import type { StitchedVariant } from "./variant.ts";
import { variantsTable } from "./variants-table.ts";

/** The cell with the tables of all variants and the seed model. */
export function reportVariants(
  study: Pick<Study, "name" | "question" | "directions">,
  lab: Lab,
  baselines: CellResult<Measured>,
  stitched: readonly StitchedVariant[],
): Promise<CellResult<RunResults>> {
  return lab.run.cell({
    name: "report",
    title: "Report",
    description: study.question,
    inputs: {
      kind: "study",
      study: study.name,
      directions: study.directions(lab.config),
      cells: [baselines.key, ...stitched.flatMap(({ name, measured }) => [name, measured.key])],
    },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const seed = baselines.value.methods["seed"]!;
    const variants = stitched.map(({ name, measured }) => [name, measured.value.methods["bts"]!] as const);
    const methods = { seed, ...Object.fromEntries(variants) };
    const results = resultsOf(lab.corpus.domains, [baselines, ...stitched.map(({ measured }) => measured)], methods);
    const all = await readLosses([
      baselines,
      ...stitched.map(({ name, measured: { folder } }) => ({ folder, names: { bts: name } })),
    ]);
    const losses = Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(methods, name)));
    cell.table(resultsTable(results));
    cell.table(variantsTable(results, stitched));
    cell.table(comparisonsTable(comparisons(losses, stitched[0]!.name)));
    const compare = ({ better, worse, on }: Direction) => compareMethods(losses, better, worse, on);
    cell.table(directionsTable(study.directions(lab.config).map((one) => ({ ...one, found: compare(one) }))));
    return results;
  });
}
