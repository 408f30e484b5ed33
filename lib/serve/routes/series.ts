// Curves as data: points of any logged metric, of several runs and cells at once, thinned for charts or whole as CSV.
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { compress } from "hono/compress";
import {
  axisSchema,
  countSeries,
  CSV_HEADER,
  type FoldStore,
  MOST_COMPARED,
  pointsCsv,
  seriesNames,
  seriesOf,
} from "../../run/mod.ts";
import { seriesNamesResponseSchema, seriesResponseSchema } from "../schemas.ts";
import { body, json, problem, read, unknownRun } from "./answers.ts";

/** The most points in an answer: about 2 MB before compression. */
const MOST_POINTS = 100_000;

const many = (description: string) =>
  z.union([z.string().transform((one) => [one]), z.array(z.string())]).openapi({
    type: "array",
    items: { type: "string" },
    description: `${description} May be repeated`,
  });
const number = (description: string) =>
  z.string().regex(/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i, "expected a number").transform(Number)
    .openapi({ type: "number", description }).optional();

const chosen = {
  run: many("The id of a run.").refine((ids) => ids.length <= MOST_COMPARED, `expected at most ${MOST_COMPARED} runs`),
  cell: many("A cell's name; all cells if absent.").optional(),
  metric: many("A metric's name; all metrics if absent.").optional(),
};

const query = z.object({
  ...chosen,
  x: axisSchema.default("step").openapi({ description: "The axis; `time` is seconds since the cell started" }),
  from: number("Only this part of the axis, and the next point on either side"),
  to: number("The end of the part"),
  smooth: number("Weight that a moving average keeps at each point, from 0 to below 1; it comes along as `smooth`")
    .refine((weight) => weight === undefined || (weight >= 0 && weight < 1), "expected 0 or more, and less than 1"),
  points: z.string().regex(/^\d+$/, "expected a whole number").transform(Number)
    .refine((count) => count >= 10 && count <= 10_000, "expected 10 to 10,000").default(1000)
    .openapi({
      type: "integer",
      minimum: 10,
      maximum: 10_000,
      default: 1000,
      description:
        "Points of each series, about: half as many buckets of steps, each with its lowest and highest value",
    }),
  after: many("Only what was logged after this `seq`: the `lastSeq` of the answer before, for each run in order.")
    .refine((all) => all.every((seq) => /^(-1|\d{1,15})$/.test(seq)), "expected the `lastSeq` of an answer")
    .optional(),
});

/** What the API has of this. */
export const routes = {
  names: read(
    "/api/series/names",
    "The names of series, by run and cell",
    json("The names", seriesNamesResponseSchema),
    {
      query: z.object({ run: chosen.run }),
    },
  ),
  series: read("/api/series", "Points of chosen runs, cells and metrics", json("The points", seriesResponseSchema), {
    query,
  }),
  csv: read("/api/series.csv", "All points of chosen runs, cells and metrics", body("The points", "text/csv"), {
    query: z.object(chosen),
  }),
};

/** Adds the routes of series to the app. */
export function addSeriesRoutes(app: OpenAPIHono, folds: FoldStore): void {
  for (const { path } of [routes.names, routes.series]) app.use(path, compress());

  app.openapi(routes.names, async (c) => {
    const runs: z.infer<typeof seriesNamesResponseSchema>["runs"] = [];
    const unknown: string[] = [];
    for (const id of c.req.valid("query").run) {
      const points = await folds.points(id);
      if (points === undefined) unknown.push(id);
      else runs.push({ run: id, cells: seriesNames(points) });
    }
    return c.json({ runs, unknown }, 200);
  }, explained);

  app.openapi(routes.series, async (c) => {
    const { run, cell, metric, x, from, to, smooth, points: most, after } = c.req.valid("query");
    if (from !== undefined && to !== undefined && from > to) return malformed(c, "from: expected no more than `to`");
    if (after !== undefined && after.length !== run.length) return malformed(c, "after: expected one for each run");
    const wanted = {
      x,
      buckets: Math.floor(most / 2),
      ...(cell && { cells: cell }),
      ...(metric && { metrics: metric }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(smooth !== undefined && { smooth }),
    };
    const runs: z.infer<typeof seriesResponseSchema>["runs"] = [];
    const unknown: string[] = [];
    let series = 0;
    for (const [i, id] of run.entries()) {
      const points = await folds.points(id);
      if (points === undefined) {
        unknown.push(id);
        continue;
      }
      series += countSeries(points, wanted);
      if (series * most > MOST_POINTS) {
        const text =
          `That is more than ${MOST_POINTS.toLocaleString("en")} points: choose fewer metrics, cells or runs ` +
          `with metric=, cell= and run=, or fewer points of each with points=`;
        return problem(c, 400, "series.too-many", text);
      }
      const cells = seriesOf(points, { ...wanted, after: Number(after?.[i] ?? -1) });
      runs.push({ run: id, lastSeq: points.lastSeq, cells });
    }
    return run.length === 1 && runs.length === 0 ? unknownRun(c) : c.json({ x, runs, unknown }, 200);
  }, explained);

  app.openapi(routes.csv, async (c) => {
    const { run, cell, metric } = c.req.valid("query");
    const first = await folds.points(run[0]!);
    if (first === undefined) return unknownRun(c);
    const name = run.length === 1 ? `${run[0]}.csv` : "runs.csv";
    c.header("content-disposition", `attachment; filename="${name.replace(/[^\w.-]/g, "_")}"`);
    c.header("content-type", "text/csv; charset=utf-8");
    const lines = csvOf(folds, run, { ...(cell && { cells: cell }), ...(metric && { metrics: metric }) });
    return c.body(ReadableStream.from(lines).pipeThrough(new TextEncoderStream()));
  }, explained);
}

async function* csvOf(
  folds: FoldStore,
  runs: readonly string[],
  wanted: { readonly cells?: readonly string[]; readonly metrics?: readonly string[] },
): AsyncGenerator<string> {
  yield CSV_HEADER;
  for (const id of runs) {
    const points = await folds.points(id);
    if (points !== undefined) yield* pointsCsv(id, points, wanted);
  }
}

/** The answer to a query that does not fit its schema: which parameter, and what was expected. */
function explained(result: { success: true } | { success: false; error: z.ZodError }, c: Context) {
  if (result.success) return;
  const [issue] = result.error.issues;
  const name = String(issue?.path[0] ?? "");
  const missing = c.req.query(name) === undefined;
  return malformed(c, missing ? `${name}: expected at least one, such as ?${name}=…` : `${name}: ${issue!.message}`);
}

function malformed(c: Context, text: string) {
  return problem(c, 400, "series.malformed", `Cannot read the query's ${text}`);
}
