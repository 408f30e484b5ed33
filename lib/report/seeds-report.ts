// The report over several seeds, as a page and as Markdown for the README: two tables, a figure and the findings.
import { join } from "node:path";
import { type RunView, writeTextAtomically } from "../run/mod.ts";
import { escapeHtml, escapeMarkdown, fenced } from "./escape.ts";
import { figureHtml } from "./figures.ts";
import { scorePanel } from "./figures/mean.ts";
import type { Figure } from "./figures/plot.ts";
import { bestOf, type Grid, gridHtml, gridMarkdown } from "./grid.ts";
import { methodColors, methodLabel } from "../methods.ts";
import { caveat } from "./claims.ts";
import { seedsClaims } from "./seeds-claims.ts";
import { hasInterval, seedsBasis, type SeedsSummary, seedsSummary, seedsText } from "./seeds.ts";
import { pageFrame } from "./frame.ts";

/** Bits per byte and task scores, if there are any: one row per method, with the best of each column marked. */
export function seedsGrids(views: readonly RunView[]): Grid[] {
  const summary = seedsSummary(views);
  const { seeds } = summary;
  return [
    gridOfKind(summary, "bpb", `Held-out bits per byte, ${seedsBasis(seeds)}; lower is better`),
    gridOfKind(summary, "task", `Tasks, percent correct, ${seedsBasis(seeds, "task")}; higher is better`),
  ].filter(({ columns }) => columns.length > 1);
}

function gridOfKind({ columns, rows }: SeedsSummary, kind: "bpb" | "task", caption: string): Grid {
  const own = columns.filter((column) => column.kind === kind);
  const best = own.map(({ key, better, digits }) =>
    bestOf(rows.map(({ scores }) => scores[key]?.mean), better, digits)
  );
  return {
    caption,
    columns: [{ title: "method", numeric: false }, ...own.map(({ title }) => ({ title, numeric: true }))],
    rows: rows.map(({ method, scores }, row) => [
      { text: methodLabel(method) },
      ...own.map((column, at) => ({
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
    const score = scores["bpb.mean"];
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

const paired = ({ length }: readonly RunView[]) =>
  `On the mean of all domains, paired by seed${hasInterval(length) ? ", with 95 % intervals in brackets" : ""}:`;

/** The aggregate as Markdown for the README: the command, the tables and the findings. */
export function seedsMarkdown(views: readonly RunView[], command: string): string {
  const claims = seedsClaims(views).map((text) => `- ${escapeMarkdown(text)}`);
  const warning = views.map(caveat).find((text) => text !== undefined);
  return [
    fenced(command, "sh"),
    ...(warning === undefined ? [] : [escapeMarkdown(warning)]),
    ...seedsGrids(views).flatMap((grid) => [`${escapeMarkdown(grid.caption)}:`, gridMarkdown(grid)]),
    ...(claims.length === 0 ? [] : [paired(views), claims.join("\n")]),
  ].join("\n\n") + "\n";
}

/** The aggregate as a self-contained HTML page. */
export function seedsHtml(views: readonly RunView[], command: string): string {
  const [bpb, ...tasks] = seedsGrids(views).map(gridHtml);
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
${bpb ?? ""}${figure === undefined ? "" : figureHtml(figure, 1)}${tasks.join("")}</section>
${claims === "" ? "" : `<section><h2>Findings</h2><p>${paired(views)}</p><ul>${claims}</ul></section>\n`}` +
      `<section><h2>Reproduce</h2><pre>${escapeHtml(command)}</pre></section>`,
  );
}

const headingOf = (views: readonly RunView[]): string =>
  views[0] === undefined ? "" : `${views[0].title}, seeds ${views.map(({ seed }) => seed).join(", ")}`;

/** Writes `report.html` and `report.md` of several seeds into `folder` and returns their paths. */
export async function writeSeedsReport(
  folder: string,
  views: readonly RunView[],
  command: string,
): Promise<{ readonly html: string; readonly markdown: string }> {
  await Deno.mkdir(folder, { recursive: true });
  const html = join(folder, "report.html"), markdown = join(folder, "report.md");
  await writeTextAtomically(markdown, `# ${escapeMarkdown(headingOf(views))}\n\n${seedsMarkdown(views, command)}`);
  await writeTextAtomically(html, seedsHtml(views, command));
  return { html, markdown };
}
