// The curves of a comparison as a picture, for browsers without JavaScript: what the page's chart shows at first.
import { countSeries, type FoldStore, type SeriesNames, seriesNames, seriesOf } from "../../run/mod.ts";
import { colorsSheet } from "../assets.ts";
import { rangeFor } from "../client/chart/axis.ts";
import { curvesOfRuns, type RunSeries } from "../client/chart/curves.ts";
import { drawingOf, extentOf, wholeRange } from "../client/chart/lines.ts";
import { NAMED_RUNS } from "../client/chart/names.ts";
import { DEFAULT_SETTINGS, withNames } from "../client/chart/settings.ts";
import { chartSvg, themeOf } from "../client/chart/svg.ts";
import { autoWeight } from "../client/chart/texts.ts";
import { words } from "../client/common/format.ts";
import type { ComparedCurves } from "../client/compare/curves.ts";

/** Points of all curves together, about: half a megabyte. */
const MOST_POINTS = 20_000;

/**
 * Draws the curves with the colors of pages, light or dark.
 *
 * @returns an SVG document
 */
export async function comparedPicture(
  folds: Pick<FoldStore, "points">,
  { runs, cells, settings: given }: Omit<ComparedCurves, "live">,
): Promise<string> {
  const names = await namesOf(folds, runs.slice(0, NAMED_RUNS).map(({ id }) => id), cells);
  const settings = withNames({ ...DEFAULT_SETTINGS, ...given }, names, given, runs.length);
  const { cell, metrics, x, log } = settings;
  const chosen = cell !== "" ? [cell] : cells.length > 0 ? cells : undefined;
  const smooth = settings.smooth ?? autoWeight(names.filter((one) => chosen?.includes(one.cell) ?? true), metrics);
  const wanted = { x, metrics, ...(chosen && { cells: chosen }), ...(smooth > 0 && { smooth }) };
  const data: RunSeries[] = [];
  // One after another: the points of all runs together may be more than fits in memory.
  for (const { id } of runs) {
    const points = await folds.points(id);
    if (points === undefined) continue; // removed since
    const curves = runs.length * countSeries(points, wanted);
    const buckets = Math.min(500, Math.max(5, Math.floor(MOST_POINTS / (2 * curves))));
    data.push({ run: id, cells: seriesOf(points, { ...wanted, buckets }) });
  }
  const curves = curvesOfRuns(data, runs);
  const drawing = drawingOf(curves, { log, hidden: new Set() });
  const xRange = wholeRange(drawing, curves, x);
  const yRange = rangeFor(...(extentOf(drawing, ...xRange) ?? [1, 1]), log);
  const theme = themeOf((variable) => `var(${variable})`);
  const title = metrics.map(words).join(", ") + (cell === "" ? "" : ` · ${titleOf(names, cell)}`);
  return chartSvg({ title, drawing, x, log, xRange, yRange, theme, style: await colorsSheet() });
}

const titleOf = (names: readonly SeriesNames[], name: string) => names.find(({ cell }) => cell === name)?.title || name;

/** The names of the series of some runs, in some cells. @param cells empty: all */
async function namesOf(folds: Pick<FoldStore, "points">, ids: readonly string[], cells: readonly string[]) {
  const names: SeriesNames[] = [];
  for (const id of ids) {
    const points = await folds.points(id);
    if (points !== undefined) names.push(...seriesNames(points));
  }
  return names.filter(({ cell }) => cells.length === 0 || cells.includes(cell));
}
