// The report of the study of many experts.
import {
  compareMethods,
  comparisons,
  comparisonsTable,
  type Lab,
  type Losses,
  readLosses,
  resultsOf,
  type Text,
} from "../../../lib/bts/mod.ts";
import {
  type CellResult,
  type MeasureInfo,
  type Measurement,
  type MethodResult,
  pairedDifference,
  resultsTable,
  type RunResults,
  runResultsSchema,
} from "../../../lib/run/mod.ts";
import { directionsTable } from "../../../lib/study/mod.ts";
import { ensembleNames } from "../groups/ensembles.ts";
import { lossesOnOwn, type ScoredGroups, scoredGroups } from "../groups/own.ts";
import type { ManyCells } from "./cells.ts";
import { builtName, byMethod, manyExpertsStudy } from "./config.ts";
import { costsTable, packedTable } from "./costs-table.ts";
import { LEADING, MIXED, SAVED } from "./measures.ts";

/** The report cell with all tables. */
export function reportMany(lab: Lab, text: Text, cells: ManyCells): Promise<CellResult<RunResults>> {
  const { partition, singles, found } = cells;
  const directions = manyExpertsStudy.directions(lab.config);
  const measured = [singles, ...found.flatMap(({ stitched, others }) => [stitched, ...others.measured])];
  return lab.run.cell({
    name: "report",
    title: "Report",
    description: manyExpertsStudy.question,
    inputs: {
      kind: "many-experts",
      directions,
      cells: [partition, ...measured, ...found.flatMap(({ use, packed }) => [use, packed])].map(({ key }) => key),
    },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const losses = await lossesOf(cells);
    const groups = await scoredGroups(lab, text, partition.value);
    const methods = methodsOf(cells, (name, n) => savedOnOwn(losses, groups, name, n));
    const all = resultsOf(lab.corpus.domains, measured, methods);
    const results = { ...all, measures: [...all.measures, SAVED, LEADING, MIXED] };
    // Against BTS of all experts: the other methods of all, and BTS of fewer.
    const most = found.at(-1)!.n;
    const bts = builtName("bts", most);
    const isShown = (name: string) =>
      name === "seed" || name.endsWith(`, n=${most}`) || found.some(({ n }) => name === builtName("bts", n));
    const shown = Object.fromEntries(
      Object.keys(methods).filter(isShown).map((name) => [name, losses[name]!]),
    );
    cell.table(resultsTable(results));
    cell.table(costsTable(cells));
    cell.table(packedTable(cells));
    cell.table(comparisonsTable(comparisons(shown, bts)));
    const known = directions.filter(({ better, worse }) => better in methods && worse in methods);
    cell.table(directionsTable(
      known.map((one) => ({ ...one, found: compareMethods(losses, one.better, one.worse, one.on) })),
    ));
    return results;
  });
}

/** The losses of all methods under their names in the results. */
function lossesOf({ singles, found }: ManyCells): Promise<Losses> {
  return readLosses([
    singles,
    ...found.flatMap(({ n, stitched, others: { measured } }) =>
      [stitched, ...measured].map(({ folder, value }) => ({
        folder,
        names: Object.fromEntries(Object.keys(value.methods).map((name) => [name, builtName(name, n)])),
      }))
    ),
  ]);
}

/** The results of all methods by number of experts, method after method, the seed first and BTS last. */
function methodsOf(
  { singles, found }: ManyCells,
  saved: (name: string, n: number) => Measurement,
): Record<string, MethodResult> {
  const rows = found.map(({ n, stitched, others, use }) => {
    const { soup, btm, topK } = ensembleNames(n);
    const ofSingles = (name: string) => [name, singles.value.methods[name]!] as const;
    const built = others.measured.flatMap(({ value }) => Object.entries(value.methods))
      .map(([name, result]) => [builtName(name, n), result] as const);
    const gates = [[LEADING, use.value.leading], [MIXED, use.value.mixed]] as const;
    const bts = [...stitched.value.methods["bts"]!, ...gates.map(([info, value]) => measurement(info, { value }))];
    const all = [ofSingles(soup), ...built, ofSingles(btm), ofSingles(topK), [builtName("bts", n), bts] as const];
    return all.map(([name, result]) => [name, [...result, saved(name, n)]] as const);
  });
  return { seed: singles.value.methods["seed"]!, ...Object.fromEntries(byMethod(rows, ([name]) => name)) };
}

function savedOnOwn(losses: Losses, groups: ScoredGroups, name: string, n: number): Measurement {
  const on = (method: string) => [lossesOnOwn(losses[method]!, groups, n)];
  const { value, low, high, samples } = pairedDifference(on("seed"), on(name));
  const interval = low === null || high === null ? null : [low, high] as [number, number];
  return { ...measurement(SAVED, { value }), interval, samples, better: "higher" };
}

const measurement = ({ name }: MeasureInfo, { value }: { readonly value: number }): Measurement => ({
  name,
  group: "",
  value,
  interval: null,
  samples: null,
  better: null,
});
