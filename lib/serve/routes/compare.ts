// The page that compares runs, or cells of one.
import type { OpenAPIHono } from "@hono/zod-openapi";
import { compress } from "hono/compress";
import {
  compareCells,
  comparedCells,
  compareResultsAside,
  compareRuns,
  type FoldStore,
  isUnderWay,
  type KeptScores,
  type RunView,
} from "../../run/mod.ts";
import { loadAssets } from "../assets.ts";
import { type CompareView, PICTURE_PATH, readCompare } from "../client/compare/view.ts";
import { type GatheredRun, gatherLines, gatherRuns, gatherScores } from "../compare/gather.ts";
import { labelsOf } from "../compare/labels.ts";
import { comparedPicture } from "../compare/picture.ts";
import { ASSET_POLICY } from "../headers.ts";
import { ComparePage, type ComparePageProps } from "../pages/compare.tsx";
import { html, problem } from "./answers.ts";

/**
 * Adds the page of comparisons to the app, `/compare?run=<id>&run=<id>` and `/compare?run=<id>&cell=<name>&cell=<name>`,
 * and a picture of its curves, `/compare.svg` with the same query.
 */
export function addCompareRoutes(app: OpenAPIHono, runsFolder: string, folds: FoldStore): void {
  app.get("/compare", compress(), async (c) => {
    const { view: asked, problems } = readCompare(new URL(c.req.url).searchParams);
    const { runs, problems: missing } = await gatherRuns(runsFolder, folds, asked.runs);
    problems.push(...missing);
    const view = checked({ ...asked, runs: runs.map(({ run }) => run.id) }, runs, problems);
    const scores = await gatherScores(runsFolder, runs);
    const page = runs.length === 1 && asked.runs.length === 1
      ? await comparisonOfCells(view, runs[0]!, scores[0]!, problems)
      : await comparisonOfRuns(view, runs, scores, problems);
    return html(c, ComparePage({ assets: await loadAssets(), problems, ...page }));
  });

  app.get(PICTURE_PATH, compress(), async (c) => {
    const { view } = readCompare(new URL(c.req.url).searchParams);
    const { runs } = await gatherRuns(runsFolder, folds, view.runs);
    if (runs.length === 0) return problem(c, 404, "run.unknown", "There is no run with any of these ids");
    const labels = labelsOf(compareRuns(runs.map(({ run }) => run), runs.map(({ made }) => made)));
    const svg = await comparedPicture(folds, {
      runs: runs.map(({ run: { id } }, i) => ({ id, label: labels[i]! })),
      cells: view.cells,
      settings: view.chart,
    });
    c.header("content-security-policy", ASSET_POLICY);
    return c.body(svg, 200, { "content-type": "image/svg+xml" });
  });
}

type Page = Omit<ComparePageProps, "assets" | "problems">;

async function comparisonOfRuns(
  view: CompareView,
  runs: readonly GatheredRun[],
  scores: readonly KeptScores[][],
  problems: string[],
): Promise<Page> {
  if (runs.length < 2) {
    problems.push("Select at least two runs in the table of runs to compare them");
    return { view, shown: undefined, cells: [], runTitle: undefined };
  }
  const compared = compareRuns(runs.map(({ run }) => run), runs.map(({ made }) => made), scores);
  const labels = labelsOf(compared);
  const shown = {
    compared,
    results: await compareResultsAside(compared.scored),
    labels,
    curves: curvesOf(view, runs, labels),
    underWay: runs.filter(({ run }) => isUnderWay(run)).length,
    lines: await gatherLines(runs, labels, view),
  };
  return { view, shown, cells: [], runTitle: undefined };
}

async function comparisonOfCells(
  asked: CompareView,
  { run }: GatheredRun,
  kept: readonly KeptScores[],
  problems: string[],
): Promise<Page> {
  const there = comparedCells(run);
  const view = asked.cells.length > 0 ? asked : { ...asked, cells: there.map(({ name }) => name) };
  const cells = there.map(({ name, title }) => ({ name, title, chosen: view.cells.includes(name) }));
  if (view.cells.length < 2) {
    problems.push("Choose at least two cells of the run to compare them, or add a second run to the address");
    return { view, shown: undefined, cells, runTitle: run.title };
  }
  const compared = compareCells(run, view.cells, kept);
  const shown = {
    compared,
    results: await compareResultsAside(compared.scored),
    labels: compared.columns.map(({ title, id }) => title || id),
    curves: curvesOf(view, [{ run }], [run.title]),
    underWay: isUnderWay(run) ? 1 : 0,
    lines: undefined,
  };
  return { view, shown, cells, runTitle: run.title };
}

/** The view without cells and metrics that none of the runs has. */
function checked(view: CompareView, runs: readonly Pick<GatheredRun, "run">[], problems: string[]): CompareView {
  if (runs.length === 0) return view;
  const all = runs.map(({ run }) => run);
  const cells = new Set(all.flatMap((run) => run.cells.map(({ name }) => name)));
  const known = (name: string, what: string, there: ReadonlySet<string>) => {
    if (there.has(name)) return true;
    problems.push(`None of the runs has a ${what} "${name.slice(0, 60)}"`);
    return false;
  };
  const { metrics = [], cell, ...chart } = view.chart;
  const logged = metrics.length === 0 ? new Set<string>() : metricsOf(all);
  const left = metrics.filter((name) => known(name, "metric", logged));
  const isCell = cell === undefined || cell === "" || known(cell, "cell", cells);
  const other = view.other === undefined || view.runs.slice(1).includes(view.other);
  if (!other) problems.push(`"${view.other!.slice(0, 60)}" is not among the runs that are compared`);
  const { other: asked, ...rest } = view;
  return {
    ...rest,
    ...(other && asked !== undefined ? { other: asked } : {}),
    cells: view.cells.filter((name) => known(name, "cell", cells)),
    chart: {
      ...chart,
      ...(left.length === 0 ? {} : { metrics: left }),
      ...(cell === undefined || !isCell ? {} : { cell }),
    },
  };
}

function metricsOf(runs: readonly RunView[]): Set<string> {
  const names = new Set<string>();
  for (const { cells } of runs) {
    for (const { metrics } of cells) for (const { values } of metrics) for (const name in values) names.add(name);
  }
  return names;
}

/** The curves; undefined if the cells logged none. */
function curvesOf(
  { cells, chart }: CompareView,
  runs: readonly Pick<GatheredRun, "run">[],
  labels: readonly string[],
) {
  const logs = runs.some(({ run }) =>
    run.cells.some(({ name, metrics }) =>
      (cells.length === 0 || cells.includes(name)) && metrics.some(({ values }) => Object.keys(values).length > 0)
    )
  );
  const live = runs.some(({ run }) => isUnderWay(run));
  if (!logs && !live) return undefined;
  return { runs: runs.map(({ run }, i) => ({ id: run.id, label: labels[i]! })), cells, settings: chart, live };
}
