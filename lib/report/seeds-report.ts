// The report over several seeds, as a page and as Markdown for the README: a table for each
// table of measures, a figure and the findings.
import { join } from "node:path";
import {
  columnsByTable,
  directionText,
  HEADLINE,
  type MeasureColumn,
  type MeasureInfo,
  placeName,
  type RunView,
  writeAboutReport,
  writeTextAtomically,
} from "../run/mod.ts";
import { escapeHtml, escapeMarkdown, fenced } from "./escape.ts";
import { figureHtml } from "./figures/figure-html.ts";
import { scorePanel } from "./figures/mean.ts";
import type { Figure } from "./figures/plot.ts";
import { bestOf, type Grid, gridHtml, gridMarkdown } from "./grid.ts";
import { methodColors, methodLabel } from "../methods.ts";
import { caveat } from "./claims.ts";
import { seedsClaims } from "./seeds-claims.ts";
import { deviceText } from "./results.ts";
import { hasInterval, seedsBasis, type SeedsSummary, seedsSummary, seedsText } from "./seeds.ts";
import { pageFrame } from "./frame.ts";

/** The measures of a section, one grid for each of their tables: one row per method, the best of each column marked. */
export function seedsGrids(views: readonly RunView[], section: MeasureInfo["section"]): Grid[] {
  const summary = seedsSummary(views);
  const columns = summary.columns.filter((column) => column.section === section);
  return [...columnsByTable(columns)].map(([table, own]) => gridOfTable(summary, table, own));
}

function gridOfTable({ seeds, rows: all }: SeedsSummary, table: string, columns: readonly MeasureColumn[]): Grid {
  const rows = all.filter(({ scores }) => columns.some(({ key }) => scores[key] !== undefined));
  const best = columns.map(({ key, better, digits }) =>
    better === null ? [] : bestOf(rows.map(({ scores }) => scores[key]?.mean), better, digits)
  );
  // Scores that happen to be equal still have an interval.
  const alike = seeds.length > 1 && columns.every(({ format }) => format === "count") &&
    rows.every(({ scores }) => columns.every(({ key }) => new Set(scores[key]?.values).size <= 1));
  const basis = alike ? "the same with every seed" : seedsBasis(seeds, columns);
  const caption = [`${table}, ${basis}`, directionText(columns), deviceText(columns)];
  return {
    caption: caption.filter((part) => part !== undefined).join("; "),
    columns: [
      { title: "method", numeric: false },
      ...columns.map(({ heading }) => ({ title: heading, numeric: true })),
    ],
    rows: rows.map(({ method, scores }, row) => [
      { text: methodLabel(method) },
      ...columns.map((column, at) => ({
        ...(scores[column.key] === undefined ? { text: "–" } : seedsText(scores[column.key]!, column)),
        ...(best[at]![row] ? { best: true } : {}),
      })),
    ]),
  };
}

/** Mean bits per byte of every method over the seeds, and each seed as a small dot; undefined if no method has a mean. */
export function seedsMeanFigure(views: readonly RunView[]): Figure | undefined {
  const { seeds, rows } = seedsSummary(views);
  const colors = methodColors(rows.map(({ method }) => method));
  const scores = rows.flatMap(({ method, scores }) => {
    const score = scores[placeName(HEADLINE)];
    if (score === undefined || !Number.isFinite(score.mean)) return [];
    const { mean, interval, values } = score;
    return [{ label: methodLabel(method), color: colors.get(method)!, value: mean, interval, points: values }];
  });
  if (scores.length === 0) return undefined;
  const bars = hasInterval(seeds.length) ? "bars are 95 % intervals (Student t), " : "";
  return {
    name: "mean",
    title: "Mean held-out loss",
    caption:
      `Bits per byte, averaged over the domains. Large dots are means over the seeds, small dots single seeds, ${bars}` +
      "and the dashed line marks the best method. Further left is better.",
    legend: [],
    panels: [scorePanel(scores, "mean bits per byte")],
  };
}

const SECTIONS = ["scores", "cost"] as const;

const paired = ({ length }: readonly RunView[]) =>
  `On the mean of all domains, paired by seed${hasInterval(length) ? ", with 95 % intervals in brackets" : ""}:`;

/** The aggregate as Markdown for the README: the command, the tables and the findings. */
export function seedsMarkdown(views: readonly RunView[], command: string): string {
  const claims = seedsClaims(views).map((text) => `- ${escapeMarkdown(text)}`);
  const warning = views.map(caveat).find((text) => text !== undefined);
  return [
    fenced(command, "sh"),
    ...(warning === undefined ? [] : [escapeMarkdown(warning)]),
    ...SECTIONS.flatMap((section) => seedsGrids(views, section)).flatMap((
      grid,
    ) => [`${escapeMarkdown(grid.caption)}:`, gridMarkdown(grid)]),
    ...(claims.length === 0 ? [] : [paired(views), claims.join("\n")]),
  ].join("\n\n") + "\n";
}

/** The aggregate as a self-contained HTML page. */
export function seedsHtml(views: readonly RunView[], command: string): string {
  const [first, ...others] = SECTIONS.flatMap((section) => seedsGrids(views, section)).map(gridHtml);
  const figure = seedsMeanFigure(views);
  const warning = views.map(caveat).find((text) => text !== undefined);
  const claims = seedsClaims(views).map((text) => `<li>${escapeHtml(text)}</li>`).join("\n");
  return pageFrame(
    headingOf(views),
    `<header><h1>${escapeHtml(headingOf(views))}</h1>
<p class="meta">${views.map(({ id }) => `<span>${escapeHtml(id)}</span>`).join("")}</p>${
      warning === undefined ? "" : `<p class="lead">${escapeHtml(warning)}</p>`
    }</header>
<section><h2>Results</h2>
${first ?? ""}${figure === undefined ? "" : figureHtml(figure, 1)}${others.join("")}</section>
${claims === "" ? "" : `<section><h2>Findings</h2><p>${paired(views)}</p><ul>${claims}</ul></section>\n`}` +
      `<section><h2>Reproduce</h2><pre>${escapeHtml(command)}</pre></section>`,
  );
}

const headingOf = (views: readonly RunView[]): string =>
  views[0] === undefined ? "" : `${views[0].title}, seeds ${views.map(({ seed }) => seed).join(", ")}`;

/** Writes `report.html`, `report.md` and what they are about into `folder`, and returns the paths of the pages. */
export async function writeSeedsReport(
  folder: string,
  views: readonly RunView[],
  command: string,
): Promise<{ readonly html: string; readonly markdown: string }> {
  await Deno.mkdir(folder, { recursive: true });
  const html = join(folder, "report.html"), markdown = join(folder, "report.md");
  await writeTextAtomically(markdown, `# ${escapeMarkdown(headingOf(views))}\n\n${seedsMarkdown(views, command)}`);
  await writeAboutReport(folder, { title: headingOf(views), runs: views.map(({ id }) => id) });
  await writeTextAtomically(html, seedsHtml(views, command));
  return { html, markdown };
}
