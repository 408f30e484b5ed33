// The report as Markdown: its text and tables, for pasting and for reading in a terminal.
import { type CellView, type RunView, shellLine } from "../run/mod.ts";
import { claims, headline } from "./claims.ts";
import { escapeMarkdown, fenced } from "./escape.ts";
import { duration } from "./format.ts";
import { type Grid, gridMarkdown, gridOf } from "./grid.ts";
import { gatesGrid, measureGrids, tableNamed } from "./results.ts";
import { bracketNote, otherTables, statusSentence } from "./summary.ts";

/** The report of a run as GitHub-flavoured Markdown. */
export function reportMarkdown(view: RunView): string {
  const results = view.results;
  const grids = (of: "scores" | "cost") => results === null ? [] : measureGrids(results, of).map(titled);
  const outcomes = tableNamed(view, "outcomes");
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
    `# ${escapeMarkdown(view.title)}`,
    facts.map(escapeMarkdown).join(" · "),
    ...(status === undefined ? [] : [`> ${status}`]),
    ...(view.error === null ? [] : [fenced(view.error)]),
    ...heading("What this run shows", [headline(view), claimList(view), bracketNote(claims(view))]),
    ...heading("Results", grids("scores")),
    ...heading("Instability", [outcomes && titled(gridOf(outcomes))]),
    ...heading("Gates", [gates && titled(gates)]),
    ...heading("Cost", [...grids("cost"), cost && titled(gridOf(cost))]),
    ...heading("More tables", otherTables(view).map((table) => titled(gridOf(table)))),
    ...heading("Cells", [gridMarkdown(cellsGrid(view)), noteList(view)]),
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
