// The results of all studies over several seeds as one page of Markdown: nothing in it is typed by hand.
import {
  escapeMarkdown,
  fixed,
  gridMarkdown,
  gridOf,
  hasInterval,
  meanInterval,
  seedsBasis,
  seedsGrids,
} from "../../lib/report/mod.ts";
import type { RunView } from "../../lib/run/mod.ts";
import { type Direction, verdictOf } from "./directions.ts";

/** A study with its finished runs, one a seed. */
export interface StudyRuns {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly directions: readonly Direction[];
  readonly views: readonly RunView[];
}

/** One direction over the seeds. */
export interface DirectionFound extends Direction {
  /** Bits per byte by which `better` is below `worse`, averaged over seeds: positive is as claimed. */
  readonly saved: number;
  /** Half-width of its 95 % interval over seeds (Student t); NaN with fewer than two. */
  readonly halfWidth: number;
  /** In how many seeds it is as claimed, of how many. */
  readonly wins: number;
  readonly seeds: number;
  /** Unclear, too, with too few seeds for an interval. */
  readonly here: "yes" | "no" | "unclear";
  readonly preset: string;
}

/** Judges a direction by its difference in each seed; undefined where no run has both methods. */
export function judge(direction: Direction, views: readonly RunView[]): DirectionFound | undefined {
  const { better, worse, on } = direction;
  const saved = views.flatMap(({ results }) => {
    const a = results?.methods[better]?.bpb[on];
    const b = results?.methods[worse]?.bpb[on];
    return a === undefined || b === undefined ? [] : [b - a];
  });
  if (saved.length === 0) return undefined;
  const { mean, halfWidth } = meanInterval(saved);
  const here = hasInterval(saved.length) ? verdictOf({ low: -mean - halfWidth, high: -mean + halfWidth }) : "unclear";
  const wins = saved.filter((value) => value > 0).length;
  return { ...direction, saved: mean, halfWidth, wins, seeds: saved.length, here, preset: views[0]!.preset };
}

/** The whole page. `command` makes it again; `made` says with what and on what. */
export function resultsMarkdown(studies: readonly StudyRuns[], command: string, made: readonly string[]): string {
  const judged = studies.map((study) => ({
    study,
    found: study.directions.flatMap((direction) => judge(direction, study.views) ?? []),
  }));
  return [
    "# Results",
    "Every study of this repository over several seeds, beside what the paper (BTS, arXiv 2502.00075) says. This page is " +
    "written by a command from the runs themselves; nothing in it is typed by hand.",
    `\`\`\`sh\n${command}\n\`\`\``,
    made.map((line) => `- ${escapeMarkdown(line)}`).join("\n"),
    "The paper measures accuracy on eight benchmarks with models of 2.7 billion parameters; these are bits per byte of " +
    "held-out text (lower is better) and small tasks with models of about a million. What can be compared is the " +
    "direction of a difference, not its size. A direction counts as `yes` or `no` only where the 95 % interval of the " +
    "difference over seeds leaves out zero.",
    "## Where the paper and these runs agree and differ",
    readingOf(judged.flatMap(({ found }) => found)),
    ...judged.flatMap(({ study, found }) => sectionOf(study, found)),
  ].join("\n\n") + "\n";
}

function sectionOf({ name, title, question, views }: StudyRuns, found: readonly DirectionFound[]): string[] {
  const [bpb, tasks] = seedsGrids(views);
  return [
    `## ${escapeMarkdown(title)}`,
    `${escapeMarkdown(question)} (\`experiments/${name}.ts\`, preset \`${views[0]!.preset}\`)`,
    ...[bpb, tasks].flatMap((grid) =>
      grid === undefined ? [] : [`${escapeMarkdown(grid.caption)}:`, gridMarkdown(grid)]
    ),
    ...(found.length === 0 ? [] : [directionsGrid(found, views)]),
    ...costsOf(views[0]!),
  ];
}

/** What was measured of costs in one run: speeds and memory are of one machine, so their mean would say no more. */
function costsOf({ seed, cells }: RunView): string[] {
  const tables = cells.flatMap(({ tables }) => tables).filter(({ name }) => COST_TABLES.includes(name));
  return tables.map((table) => {
    const grid = gridOf(table);
    return `${escapeMarkdown(grid.caption)} (seed ${seed}):\n\n${gridMarkdown(grid)}`;
  });
}

const COST_TABLES: readonly string[] = ["method-costs", "variants"];

function directionsGrid(found: readonly DirectionFound[], views: readonly RunView[]): string {
  return `Directions, ${seedsBasis(views.map(({ seed }) => seed))}:\n\n` + gridMarkdown({
    caption: "",
    columns: [
      { title: "claim", numeric: false },
      { title: "paper", numeric: false },
      { title: "here", numeric: false },
      { title: "bits per byte saved", numeric: true },
      { title: "seeds", numeric: true },
    ],
    rows: found.map(({ claim, paper, here, on, saved, halfWidth, wins, seeds }) => [
      { text: on === "mean" ? claim : `${claim} (on ${on})` },
      { text: paper ?? "not said" },
      { text: here },
      { text: signed(saved), ...(Number.isNaN(halfWidth) ? {} : { aside: `± ${fixed(halfWidth, 3)}` }) },
      { text: `${wins} of ${seeds}` },
    ]),
  });
}

const signed = (value: number) => value > 0 ? `+${fixed(value, 3)}` : fixed(value, 3);

/** In words: which of the paper's findings came out, which did not, and what it does not say. */
function readingOf(found: readonly DirectionFound[]): string {
  const said = found.filter(({ paper }) => paper !== null && paper.startsWith("yes"));
  const groups: readonly (readonly [string, readonly DirectionFound[]])[] = [
    ["The paper's findings that came out here too", said.filter(({ here }) => here === "yes")],
    ["The paper's findings that came out the other way", said.filter(({ here }) => here === "no")],
    ["The paper's findings that these runs cannot confirm or refute", said.filter(({ here }) => here === "unclear")],
    [
      "Questions that the paper leaves open, answered here",
      found.filter((one) => !said.includes(one) && one.here !== "unclear"),
    ],
    [
      "Questions that the paper leaves open, and these runs too",
      found.filter((one) => !said.includes(one) && one.here === "unclear"),
    ],
  ];
  return groups.filter(([, members]) => members.length > 0)
    .map(([title, members]) => `${title}:\n\n${members.map(sentenceOf).join("\n")}`).join("\n\n");
}

function sentenceOf({ claim, paper, here, on, saved, halfWidth, wins, seeds, preset }: DirectionFound): string {
  const where = on === "mean" ? "" : ` on ${on}`;
  const interval = Number.isNaN(halfWidth) ? "" : ` ± ${fixed(halfWidth, 3)}`;
  const size = `${signed(saved)}${interval} bits per byte${where}, as claimed in ${wins} of ${seeds} seeds`;
  const said = paper === null ? "" : ` The paper: ${paper}.`;
  return `- ${escapeMarkdown(`${claim}: ${here}, ${size} (${preset}).${said}`)}`;
}
