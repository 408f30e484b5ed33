// Measurements of several runs or cells side by side, with differences that are paired where the documents are the same.
import { orderMethods } from "../../methods.ts";
import type { MethodResult, RunResults } from "../events/results.ts";
import { type PairedDifference, pairedPlaces, type ScoredMethod, scoredMethod } from "../paired/differences.ts";
import type { KeptScores } from "../paired/kept-scores.ts";
import { HEADLINE, type MeasureColumn, measureColumns, measurementOf, placeName } from "../view/mod.ts";

/** The measurements of a run, or of a cell as the one method `""`. */
export interface ScoredColumn {
  readonly results: RunResults | null;
  readonly methods: Readonly<Record<string, MethodResult>>;
  /** Of a cell: the name of its method in the results. */
  readonly method?: string | undefined;
  readonly kept: readonly KeptScores[];
}

/**
 * A value minus the first column's. `paired`: over the same documents or questions, with the 95 % interval; `unpaired`:
 * over others, or they are not known; `uncounted`: it could be paired, but that would have taken too long.
 */
export type ComparedDifference =
  | { readonly kind: "paired" } & PairedDifference
  | { readonly kind: "unpaired" | "uncounted"; readonly value: number };

/** A measurement of all columns. */
export interface ComparedResult {
  /** Empty for cells. */
  readonly method: string;
  readonly measure: MeasureColumn;
  readonly values: readonly (number | undefined)[];
  /** By column; undefined for the first one, and where there is nothing to compare. */
  readonly differences: readonly (ComparedDifference | undefined)[];
}

/** All measurements. */
export interface ComparedResults {
  /** The headline's of every method first, then in the order of the tables. */
  readonly rows: readonly ComparedResult[];
  /** Whether some differences were not computed. */
  readonly cut: boolean;
}

/** Most documents that intervals are computed for: each is drawn about 2,000 times, which takes about a second in all. */
const MOST_DOCUMENTS = 20_000;

/** Every measurement of any column. */
export function compareResults(columns: readonly ScoredColumn[], most = MOST_DOCUMENTS): ComparedResults {
  const measures = measureColumns(...columns.flatMap(({ results }) => results ?? []));
  const order = [...measures.filter(isHeadline), ...measures.filter((one) => !isHeadline(one))];
  const methods = orderMethods([...new Set(columns.flatMap(({ methods }) => Object.keys(methods)))]);
  const pairs = new Map(methods.map((method) => [method, pairsOf(columns, method)]));
  let left = most;
  let cut = false;
  const rows = order.flatMap((measure) =>
    methods.flatMap((method): ComparedResult[] => {
      const made = columns.map(({ methods }) => measurementOf(methods[method], measure));
      if (made.every((one) => one === undefined)) return [];
      const values = made.map((one) => one?.value);
      const [first] = values;
      const differences = values.map((value, i): ComparedDifference | undefined => {
        if (i === 0 || value === undefined || first === undefined) return undefined;
        const place = pairs.get(method)![i]?.get(placeName(measure));
        if (place === undefined) return { kind: "unpaired", value: value - first };
        if (place.drawn > left) {
          cut = true;
          return { kind: "uncounted", value: value - first };
        }
        left -= place.drawn;
        return { kind: "paired", ...place.compute() };
      });
      return [{ method, measure, values, differences }];
    })
  );
  return { rows, cut };
}

const isHeadline = ({ name, group }: MeasureColumn) => name === HEADLINE.name && group === HEADLINE.group;

/** For each column, the places at which a method of it can be paired with the first column's. */
function pairsOf(columns: readonly ScoredColumn[], method: string): (ReturnType<typeof pairedPlaces> | undefined)[] {
  const scored = columns.map(({ methods, method: name = method, kept }): ScoredMethod | undefined =>
    methods[method] && scoredMethod(name, methods[method], kept)
  );
  const [first] = scored;
  return scored.map((one, i) =>
    i === 0 || first === undefined || one === undefined ? undefined : pairedPlaces(one, first)
  );
}
