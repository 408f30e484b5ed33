// The report as Markdown: its text and tables, for pasting and for reading in a terminal.
import { type CellView, type RunView, shellLine } from "../run/mod.ts";
import { claims, headline } from "./claims.ts";
import { curvesTable, curveSummaries } from "./curves.ts";
import { escapeMarkdown, fenced } from "./escape.ts";
import { duration } from "./format.ts";
import { type Grid, gridMarkdown, gridOf } from "./grid.ts";
import { type AboutRun, processGrids, settingsGrid } from "./provenance.ts";
import { rankingTables, rankingVerdict } from "./ranking.ts";
import { named, refinementVerdict } from "./refinement.ts";
import { gatesGrid, measureGrids, tableNamed } from "./results.ts";
import { bracketNote, otherTables, statusSentence } from "./summary.ts";

/**
 * The report of a run as GitHub-flavored Markdown.
 *
 * @param about what is known beside the run's log; with it the report also sums up all curves and has the provenance
 */
export function reportMarkdown(view: RunView, about?: AboutRun): string {
  const results = view.results;
  const grids = (of: "scores" | "cost") => results === null ? [] : measureGrids(results, of).map(titled);
  const outcomes = tableNamed(view, "outcomes");
  const refinement = tableNamed(view, "refinement");
  const cost = tableNamed(view, "cost");
  const gates = gatesGrid(view);
  const status = statusSentence(view);
  const facts = [
    `preset ${view.preset}`,
    `seed ${view.seed}`,
    view.device,
    view.startedAt,
    duration(view.seconds),
    view.id,
  ];
  const blocks = [
    `# ${escapeMarkdown(about?.labels.name ?? view.title)}`,
    facts.map(escapeMarkdown).join(" · "),
    ...(status === undefined ? [] : [`> ${status}`]),
    ...(view.error === null ? [] : [fenced(view.error)]),
    ...heading("Domains that deserve an expert", [
      rankingVerdict(view) && escapeMarkdown(rankingVerdict(view)!),
      ...rankingTables(view).map((table) => titled(gridOf(table))),
    ]),
    ...heading("What this run shows", [headline(view), claimList(view), bracketNote(claims(view))]),
    ...heading("Results", grids("scores")),
    ...heading("Refinement", [refinementVerdict(view), refinement && titled(gridOf(named(refinement)))]),
    ...heading("Curves", [about && curveList(view)]),
    ...heading("Instability", [outcomes && titled(gridOf(outcomes))]),
    ...heading("Gates", [gates && titled(gates)]),
    ...heading("Cost", [...grids("cost"), cost && titled(gridOf(cost))]),
    ...heading("More tables", otherTables(view).map((table) => titled(gridOf(table)))),
    ...heading("Cells", [gridMarkdown(cellsGrid(view)), noteList(view)]),
    ...heading("Notes", about === undefined ? [] : labelBlocks(about.labels)),
    ...heading("Provenance", provenanceBlocks(view, about)),
    ...heading("Reproduce", [
      fenced(shellLine(view.command), "sh"),
      fenced(JSON.stringify(view.config, null, 2), "json"),
    ]),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function heading(title: string, blocks: readonly (string | undefined)[]): string[] {
  const filled = blocks.filter((block): block is string => block !== undefined && block !== "");
  return filled.length === 0 ? [] : [`## ${title}`, ...filled];
}

const titled = (grid: Grid): string =>
  `${grid.caption === "" ? "" : `${escapeMarkdown(grid.caption)}:\n\n`}${gridMarkdown(grid)}`;

function claimList(view: RunView): string {
  const marks = { yes: "holds", no: "does not hold", unclear: "unclear" } as const;
  return claims(view).map(({ holds, text }) => `- **${marks[holds]}**: ${escapeMarkdown(text)}`).join("\n");
}

function cellsGrid(view: RunView): Grid {
  return {
    caption: "",
    columns: ["cell", "status", "time", "result"].map((title, at) => ({ title, numeric: at === 2 })),
    rows: view.cells.map(({ title, status, seconds, summary }) =>
      [title, status, duration(seconds), summary].map((text) => ({ text }))
    ),
  };
}

function provenanceBlocks(view: RunView, about: AboutRun | undefined): string[] {
  if (about === undefined) return [];
  return [...processGrids(about.provenance), settingsGrid(view, about.provenance.at(-1))].map(titled);
}

/** What people wrote about the run. */
function labelBlocks({ tags, notes }: AboutRun["labels"]): (string | undefined)[] {
  return [
    tags.length === 0 ? undefined : `Tags: ${tags.map(escapeMarkdown).join(", ")}`,
    notes.map(({ time, text }) => `- ${time.slice(0, 10)}: ${escapeMarkdown(text)}`).join("\n"),
  ];
}

/** Each curve in a line. */
function curveList(view: RunView): string {
  const curves = curveSummaries(view);
  return curves.length === 0 ? "" : gridMarkdown(gridOf(curvesTable(curves)));
}

function noteList(view: RunView): string {
  const line = (where: string, { level, text }: CellView["notes"][number]) =>
    `- ${level === "info" ? "" : `**${level}** `}${where === "" ? "" : `${escapeMarkdown(where)}: `}${
      escapeMarkdown(text)
    }`;
  return [
    ...view.notes.map((note) => line("", note)),
    ...view.cells.flatMap(({ title, notes }) => notes.map((note) => line(title, note))),
  ].join("\n");
}
