// The results of all studies over several seeds as one page of Markdown: nothing in it is typed by hand.
import { seedOf } from "../run/mod.ts";
import {
  caveat,
  compact,
  escapeMarkdown,
  fixed,
  gridMarkdown,
  gridOf,
  hasInterval,
  meanInterval,
  seedsBasis,
  seedsGrids,
  visibleDigits,
} from "../report/mod.ts";
import type { RunView } from "../run/mod.ts";
import { type Direction, verdictOf } from "./directions.ts";

/** A study with its finished runs, one a seed. */
export interface StudyRuns {
  readonly name: string;
  /** Its script, relative to the repository. */
  readonly script: string;
  readonly title: string;
  readonly question: string;
  readonly directions: readonly Direction[];
  readonly views: readonly RunView[];
}

/** One direction over the seeds. */
export interface DirectionFound extends Direction {
  /** Bits per byte by which `better` is below `worse`, averaged over seeds: positive is as claimed. */
  readonly saved: number;
  /** The same in each seed. */
  readonly each: readonly number[];
  /** Half-width of its 95 % interval over seeds (Student t); undefined with too few seeds for one. */
  readonly halfWidth: number | undefined;
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
  const each = views.flatMap(({ results }) => {
    const a = results?.methods[better]?.bpb[on];
    const b = results?.methods[worse]?.bpb[on];
    return a === undefined || b === undefined ? [] : [b - a];
  });
  if (each.length === 0) return undefined;
  const { mean: saved, halfWidth } = meanInterval(each);
  const common = { ...direction, saved, each, seeds: each.length, preset: views[0]!.preset };
  const wins = each.filter((value) => value > 0).length;
  if (!hasInterval(each.length)) return { ...common, wins, halfWidth: undefined, here: "unclear" };
  return { ...common, wins, halfWidth, here: verdictOf({ low: -saved - halfWidth, high: -saved + halfWidth }) };
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
    `The paper measures accuracy on eight benchmarks with models of 2.7 billion parameters; these are bits per byte of ` +
    `held-out text (lower is better) and small tasks with models of ${sizesOf(studies)} parameters. What can be ` +
    `compared is the direction of a difference, not its size. ${ruleOf(studies)}`,
    ...caveatsOf(studies),
    "## Where the paper and these runs agree and differ",
    readingOf(judged.flatMap(({ found }) => found)),
    ...judged.flatMap(({ study, found }) => sectionOf(study, found)),
  ].join("\n\n") + "\n";
}

const viewsOf = (studies: readonly StudyRuns[]) => studies.flatMap(({ views }) => views);

/** `1.4M`, or `95k to 1.4M` where the studies' seeds are of several sizes. */
function sizesOf(studies: readonly StudyRuns[]): string {
  const sizes = viewsOf(studies).flatMap(({ results }) => results?.methods["seed"]?.parameters.total ?? []);
  const ends = [Math.min(...sizes), Math.max(...sizes)].map(compact);
  return [...new Set(ends)].join(" to ");
}

/** When a direction is said to hold. */
function ruleOf(studies: readonly StudyRuns[]): string {
  const rule =
    "A direction counts as `yes` or `no` only with three seeds or more, and where the 95 % interval of the " +
    "difference over seeds leaves out zero.";
  const least = Math.min(...studies.map(({ views }) => views.length));
  if (hasInterval(least)) return rule;
  return `${rule} Here ${least === 1 ? "is one seed" : `are ${least} seeds`}, too few for an interval, so that every ` +
    "direction stays `unclear`.";
}

/** What presets that are too small for findings say of themselves. */
function caveatsOf(studies: readonly StudyRuns[]): string[] {
  const said = new Map(viewsOf(studies).map((view) => [view.preset, caveat(view)]));
  return [...said].flatMap(([preset, text]) =>
    text === undefined ? [] : [`**Preset \`${preset}\`:** ${escapeMarkdown(text)}`]
  );
}

function sectionOf({ script, title, question, views }: StudyRuns, found: readonly DirectionFound[]): string[] {
  const [bpb, tasks] = seedsGrids(views);
  return [
    `## ${escapeMarkdown(title)}`,
    `${escapeMarkdown(question)} (\`${script}\`, preset \`${views[0]!.preset}\`)`,
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
  return `Directions, ${seedsBasis(views.map(seedOf))}:\n\n` + gridMarkdown({
    caption: "",
    columns: [
      { title: "claim", numeric: false },
      { title: "paper", numeric: false },
      { title: "here", numeric: false },
      { title: "bits per byte saved", numeric: true },
      { title: "seeds", numeric: true },
    ],
    rows: found.map((one) => [
      { text: one.on === "mean" ? one.claim : `${one.claim} (on ${one.on})` },
      { text: one.paper ?? "not said" },
      { text: one.here },
      savedText(one),
      { text: `${one.wins} of ${one.seeds}` },
    ]),
  });
}

/** What is saved, and beside it its interval or, with too few seeds for one, what each seed saves. */
function savedText({ saved, each, halfWidth }: DirectionFound): { text: string; aside?: string } {
  const shown = [saved, ...halfWidth === undefined ? each : [halfWidth]];
  const digits = Math.max(3, visibleDigits(shown));
  const signed = (value: number) => value > 0 ? `+${fixed(value, digits)}` : fixed(value, digits);
  const text = signed(saved);
  if (halfWidth !== undefined) return { text, aside: `± ${fixed(halfWidth, digits)}` };
  return each.length === 1 ? { text } : { text, aside: `(${each.map(signed).join(", ")})` };
}

/**
 * In words: which of the paper's findings came out, which did not, and what it does not say. What two studies found
 * alike, from the same cells, is said once.
 */
function readingOf(all: readonly DirectionFound[]): string {
  const found = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
  const said = found.filter(({ paper }) => paper !== null && paper.startsWith("yes"));
  const alike = found.filter(({ paper }) => paper !== null && paper.startsWith("no difference"));
  const open = found.filter((one) => !said.includes(one) && !alike.includes(one));
  const groups: readonly (readonly [string, readonly DirectionFound[]])[] = [
    ["The paper's findings that came out here too", said.filter(({ here }) => here === "yes")],
    ["The paper's findings that came out the other way", said.filter(({ here }) => here === "no")],
    ["The paper's findings that these runs cannot confirm or refute", said.filter(({ here }) => here === "unclear")],
    ["Where the paper finds no difference", alike],
    ["Questions that the paper leaves open, answered here", open.filter(({ here }) => here !== "unclear")],
    ["Questions that the paper leaves open, and these runs too", open.filter(({ here }) => here === "unclear")],
  ];
  return groups.filter(([, members]) => members.length > 0)
    .map(([title, members]) => `${title}:\n\n${members.map(sentenceOf).join("\n")}`).join("\n\n");
}

/** `1 seed`, `3 seeds` */
export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

function sentenceOf(found: DirectionFound): string {
  const { claim, paper, here, on, wins, seeds, preset } = found;
  const where = on === "mean" ? "" : ` on ${on}`;
  const { text, aside } = savedText(found);
  const size = `${text}${aside === undefined ? "" : ` ${aside}`} bits per byte${where}, as claimed in ${wins} of ` +
    counted(seeds, "seed");
  const said = paper === null ? "" : ` The paper: ${paper}.`;
  return `- ${escapeMarkdown(`${claim}: ${here}, ${size} (${preset}).${said}`)}`;
}
