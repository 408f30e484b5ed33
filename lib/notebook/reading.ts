// A run as the cells of a notebook: code that reads it with `lab`, with what the code shows.
import { relative } from "node:path";
import { type AboutRun, escapeMarkdown, fenced, gridMarkdown, processGrids, statusSentence } from "../report/mod.ts";
import { type RunView, shellLine } from "../run/mod.ts";
import { card } from "./card.ts";
import { DISPLAY, type Displayable, type MediaBundle } from "./display.ts";
import { figureBundle, shownFigures } from "./show/figure.ts";
import { metricsTable } from "./show/metrics.ts";
import { resultsBundle } from "./show/results.ts";
import { settingsFrom } from "./show/settings.ts";
import { loggedTable } from "./show/table.ts";
import { runsFolderOf } from "./start.ts";

/** Markdown, or code with what its value shows. */
export type ReadingCell =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly source: string; readonly shows: MediaBundle };

/** A run with everything that a notebook shows of it. */
export interface RunToRead extends AboutRun {
  readonly view: RunView;
  readonly runsFolder: string;
}

/** The cells that read a run, whatever its status: its card, results, figures, tables, metrics and settings. */
export async function readingCells({ view, labels, provenance, runsFolder }: RunToRead): Promise<ReadingCell[]> {
  const { results } = view;
  const tables = [...new Set(view.cells.flatMap(({ tables }) => tables.map(({ name }) => name)))];
  const logged = view.cells.filter(({ metrics }) => metrics.length > 0);
  const last = provenance.at(-1);
  return [
    text(`# ${escapeMarkdown(labels.name ?? view.title)}`, ...introduction(view, labels)),
    code(attaching(view.id, runsFolder), card(view, { url: undefined, now: view.updatedAt })),
    ...section("Results", results === null ? [] : [code("run.results();", resultsBundle(view, results))]),
    ...section(
      "Figures",
      shownFigures(view).map(([name, figure]) => code(`run.figure(${quoted(name)});`, figureBundle(figure))),
    ),
    ...section(
      "Tables",
      await Promise.all(tables.map((name) => valueCell(`run.table(${quoted(name)});`, loggedTable(view, name)))),
    ),
    ...section(
      "Metrics",
      await Promise.all(
        logged.map(({ name, metrics }) => valueCell(`run.metrics(${quoted(name)});`, metricsTable(name, metrics))),
      ),
    ),
    ...section("Settings", [await valueCell("run.settings();", settingsFrom(view, last?.sources))]),
    ...section(
      "Provenance",
      provenance.length === 0 ? [] : [
        text(...processGrids(provenance).flatMap((grid) => [`${escapeMarkdown(grid.caption)}:`, gridMarkdown(grid)])),
      ],
    ),
    text("## Reproduce", fenced(shellLine(view.command), "sh")),
  ];
}

const text = (...blocks: readonly string[]): ReadingCell => ({ kind: "text", text: blocks.join("\n\n") });
const code = (source: string, shows: MediaBundle): ReadingCell => ({ kind: "code", source, shows });
const valueCell = async (source: string, value: Displayable) => code(source, await value[DISPLAY]());
const quoted = (name: string) => JSON.stringify(name);

/** A heading with its cells; nothing without any. */
const section = (title: string, cells: readonly ReadingCell[]) =>
  cells.length === 0 ? [] : [text(`## ${title}`), ...cells];

function introduction(view: RunView, { tags, notes }: AboutRun["labels"]): string[] {
  const { experiment, preset, seed, device, startedAt, id, error } = view;
  const facts = [experiment, `preset ${preset}`, `seed ${seed}`, device, startedAt, id].map((fact) =>
    escapeMarkdown(fact)
  );
  const status = statusSentence(view);
  return [
    facts.join(" · "),
    ...(status === undefined ? [] : [`> ${status}`]),
    ...(error === null ? [] : [fenced(error)]),
    ...(tags.length === 0 ? [] : [`Tags: ${tags.map(escapeMarkdown).join(", ")}`]),
    ...(notes.length === 0
      ? []
      : [notes.map(({ time, text }) => `- ${time.slice(0, 10)}: ${escapeMarkdown(text)}`).join("\n")]),
    "The outputs below are those of the time of the export. The code reads the run again, in a folder with Stitchbook and " +
    "the run.",
  ];
}

/** Code that finds the run; its folder is named when notebooks look in another one. */
function attaching(id: string, runsFolder: string): string {
  const usual = relative(runsFolderOf(undefined), runsFolder) === "";
  const options = usual ? "" : `, { runs: ${quoted(runsFolder)} }`;
  return `import { lab } from "stitchbook";\n\nconst run = await lab.attach(${quoted(id)}${options});\nrun;`;
}
