// The report of a sweep: its trials sorted by the metric, and a figure of all of them.
import { join } from "node:path";
import {
  parallelCoordinates,
  type Ranking,
  rankTrials,
  shellLine,
  statesText,
  sweepTables,
  type SweepView,
  writeTextAtomically,
} from "../run/mod.ts";
import { escapeHtml, escapeMarkdown, fenced } from "./escape.ts";
import { figureHtml } from "./figures/figure-html.ts";
import { parallelPanel } from "./figures/parallel.ts";
import type { Figure } from "./figures/plot.ts";
import { gridHtml, gridMarkdown, gridOf } from "./grid.ts";
import { pageFrame } from "./frame.ts";

/** Every trial with a value as a line across the settings; undefined if there are fewer than two. */
export function sweepFigure(view: SweepView, ranking: Ranking = rankTrials(view)): Figure | undefined {
  const coordinates = parallelCoordinates(
    { keys: view.start.keys, ranges: view.start.random?.ranges ?? [] },
    ranking.trials,
    ranking.metric,
  );
  if (coordinates === undefined) return undefined;
  return {
    name: "trials",
    title: "All trials",
    caption: `One line per trial, from its settings to its ${ranking.metric.text} on the right, ` +
      `where ${ranking.metric.better} is better. The better its rank, the stronger and redder the line.`,
    legend: [],
    panels: [parallelPanel(coordinates)],
  };
}

/** The sweep as a self-contained HTML page. */
export function sweepHtml(view: SweepView): string {
  const { start } = view;
  const ranking = rankTrials(view);
  const figure = sweepFigure(view, ranking);
  const tables = sweepTables(view, ranking).map(gridOf);
  const failures = view.trials.filter(({ error, status }) => error !== null && status !== "stopped");
  const meta = [
    start.experiment,
    statesText(view.trials),
    `${start.time.slice(0, 16).replace("T", " ")} UTC`,
    start.sweep,
  ];
  return pageFrame(
    `${start.name} · ${start.sweep}`,
    `<header><h1>${escapeHtml(start.name)}</h1>
<p class="meta">${meta.map((part) => `<span>${escapeHtml(part)}</span>`).join("")}</p></header>
<section><h2>Trials</h2>
${tables.map(gridHtml).join("\n")}${figure === undefined ? "" : figureHtml(figure, 1)}</section>
${
      failures.length === 0
        ? ""
        : `<section><h2>Failures</h2><ul class="notes">${
          failures.map(({ trial, status, error }) =>
            `<li class="error"><b>Trial ${trial}, ${status}:</b> ${escapeHtml(error!)}</li>`
          ).join("\n")
        }</ul></section>\n`
    }<section><h2>Reproduce</h2><pre>${escapeHtml(shellLine(start.command))}</pre></section>`,
  );
}

/** The sweep as Markdown. */
export function sweepMarkdown(view: SweepView): string {
  return [
    `# ${escapeMarkdown(view.start.name)}`,
    fenced(shellLine(view.start.command), "sh"),
    `${escapeMarkdown(statesText(view.trials))}.`,
    ...sweepTables(view, rankTrials(view)).map(gridOf).map(gridMarkdown),
  ].join("\n\n") + "\n";
}

/** Writes `report.html` and `report.md` into the sweep's folder and returns the page's path. */
export async function writeSweepReport(folder: string, view: SweepView): Promise<string> {
  const html = join(folder, "report.html");
  await writeTextAtomically(join(folder, "report.md"), sweepMarkdown(view));
  await writeTextAtomically(html, sweepHtml(view));
  return html;
}
