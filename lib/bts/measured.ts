// What measuring cells find, and how it is put together.
import { z } from "zod";
import { type CellResult, HEADLINE, measureSchema, methodResultSchema, type RunResults } from "../run/mod.ts";
import type { MeasuredSchema } from "./inferred-types.ts";

/** Schema of {@linkcode Measured}. */
export const measuredSchema: MeasuredSchema = z.strictObject({
  measures: z.array(measureSchema),
  methods: z.record(z.string(), methodResultSchema),
  scoring: z.record(z.string(), z.strictObject({ tokensPerSecond: z.number(), bytes: z.number().nullable() })),
});

/**
 * The output of a measuring cell: the measures, and by method its measurements, its speed of scoring, and its peak memory
 * while scoring, with its weights.
 */
export type Measured = z.infer<typeof measuredSchema>;

/** The results of both parts of the same methods. */
export function withText(tasks: Measured, onText: Measured): Measured {
  const methods = Object.entries(tasks.methods).map(([name, measurements]) =>
    [name, inOrder([...onText.methods[name] ?? [], ...measurements], tasks)] as const
  );
  return {
    measures: inOrder([...onText.measures, ...tasks.measures], tasks),
    methods: Object.fromEntries(methods),
    scoring: onText.scoring,
  };
}

/** In the order of the tables: the headline's, the tasks, the others. */
function inOrder<One extends { readonly name: string }>(all: readonly One[], tasks: Pick<Measured, "measures">): One[] {
  const names = new Set(tasks.measures.map(({ name }) => name));
  const rank = ({ name }: One) => name === HEADLINE.name ? 0 : names.has(name) ? 1 : 2;
  return all.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * Combines the results of measuring cells; must be called inside a cell.
 *
 * @param methods in place of the cells' own, for example under other names
 */
export function resultsOf(
  domains: readonly string[],
  cells: readonly CellResult<Measured>[],
  methods: RunResults["methods"] = Object.assign({}, ...cells.map(({ value }) => value.methods)),
): RunResults {
  const measures = new Map(cells.flatMap(({ value }) => value.measures).map((info) => [info.name, info]));
  return { domains: [...domains], measures: [...measures.values()], methods };
}
