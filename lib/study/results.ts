// The page with the results of all studies over several seeds, as Markdown generated from the runs.
import { headlineOn, parametersOf, type RunView, seedOf } from "../run/mod.ts";
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
import { type Direction, paperText, verdictOf } from "./directions.ts";

/** A study with its finished runs, one per seed. */
export interface StudyRuns {
  readonly name: string;
  /** Its script, relative to the repository. */
  readonly script: string;
  readonly title: string;
  readonly question: string;
  readonly directions: readonly Direction[];
  readonly views: readonly RunView[];
  /** Paragraphs of Markdown on what the runs found together. */
  readonly findings?: (views: readonly RunView[]) => readonly string[];
  /** Pictures beside the page: their titles, and files relative to it. */
  readonly pictures?: readonly { readonly title: string; readonly file: string }[];
}

/** A direction, judged over all seeds. */
export interface DirectionFound extends Direction {
  /** Bits per byte of `worse` minus those of `better`, averaged over seeds: positive is as claimed. */
  readonly saved: number;
  /** The same for each seed. */
  readonly each: readonly number[];
  /** Half-width of its 95 % interval over seeds (Student t); undefined if there are too few seeds. */
  readonly halfWidth: number | undefined;
  /** Number of seeds in which it is as claimed, and number of all seeds. */
  readonly wins: number;
  readonly seeds: number;
  /** `unclear` also if there are too few seeds for an interval. */
  readonly here: "yes" | "no" | "unclear";
  readonly preset: string;
}

/** Judges a direction by its difference in each seed; undefined if no run has both methods. */
export function judge(direction: Direction, views: readonly RunView[]): DirectionFound | undefined {
  const { better, worse, on } = direction;
  const each = views.flatMap(({ results }) => {
    const a = headlineOn(results?.methods[better], on);
    const b = headlineOn(results?.methods[worse], on);
    return a === undefined || b === undefined ? [] : [b.value - a.value];
  });
  if (each.length === 0) return undefined;
  const { mean: saved, halfWidth } = meanInterval(each);
  const common = { ...direction, saved, each, seeds: each.length, preset: views[0]!.preset };
  const wins = each.filter((value) => value > 0).length;
  if (!hasInterval(each.length)) return { ...common, wins, halfWidth: undefined, here: "unclear" };
  return { ...common, wins, halfWidth, here: verdictOf({ low: -saved - halfWidth, high: -saved + halfWidth }) };
}

/** What a results page says besides its studies. */
export interface ResultsPage {
  readonly title: string;
  /** What the page has, as the beginning of its first paragraph. */
  readonly about: string;
  /** The heading of the findings. */
  readonly findings: string;
  /** Where other results are, in Markdown. */
  readonly others: string;
}

/**
 * The whole page.
 *
 * @param command that generates the page again
 * @param made lines about the versions and machines of the runs
 */
export function resultsMarkdown(
  studies: readonly StudyRuns[],
  { title, about, findings, others }: ResultsPage,
  command: string,
  made: readonly string[],
): string {
  const judged = studies.map((study) => ({
    study,
    found: study.directions.flatMap((direction) => judge(direction, study.views) ?? []),
  }));
  return [
    `# ${title}`,
    `${about} This page is generated from the runs by a command; nothing in it is edited by hand. ${others}`,
    `\`\`\`sh\n${command}\n\`\`\``,
    made.map((line) => `- ${escapeMarkdown(line)}`).join("\n"),
    `The paper reports accuracy on eight benchmarks for models of 2.7 billion parameters; these results are bits per byte ` +
    `of held-out text (lower is better) and accuracy on small tasks for ${modelsOf(studies)}. Only ` +
    `the directions of differences can be compared, not their sizes. ${ruleOf(studies)}`,
    ...caveatsOf(studies),
    ...(judged.every(({ found }) => found.length === 0)
      ? []
      : [`## ${findings}`, readingOf(judged.flatMap(({ found }) => found))]),
    ...judged.flatMap(({ study, found }) => sectionOf(study, found)),
  ].join("\n\n") + "\n";
}

const viewsOf = (studies: readonly StudyRuns[]) => studies.flatMap(({ views }) => views);

/** `models of 95k to 1.4M parameters`; `small models` where no run counts them. */
function modelsOf(studies: readonly StudyRuns[]): string {
  const sizes = viewsOf(studies).flatMap(({ results }) => parametersOf(results?.methods["seed"])?.total ?? []);
  if (sizes.length === 0) return "small models";
  const ends = [Math.min(...sizes), Math.max(...sizes)].map(compact);
  return `models of ${[...new Set(ends)].join(" to ")} parameters`;
}

/** The rule by which directions are judged. */
function ruleOf(studies: readonly StudyRuns[]): string {
  const rule =
    "A direction is `yes` or `no` only with three or more seeds, and if the 95 % interval of the difference over seeds " +
    "excludes zero.";
  const least = Math.min(...studies.map(({ views }) => views.length));
  if (hasInterval(least)) return rule;
  return `${rule} With ${counted(least, "seed")} there is no interval, so every direction is \`unclear\`.`;
}

/** The caveats of presets that are too small for findings. */
function caveatsOf(studies: readonly StudyRuns[]): string[] {
  const said = new Map(viewsOf(studies).map((view) => [view.preset, caveat(view)]));
  return [...said].flatMap(([preset, text]) =>
    text === undefined ? [] : [`**Preset \`${preset}\`:** ${escapeMarkdown(text)}`]
  );
}

function sectionOf(
  { script, title, question, views, findings, pictures = [] }: StudyRuns,
  found: readonly DirectionFound[],
): string[] {
  return [
    `## ${escapeMarkdown(title)}`,
    `${escapeMarkdown(question)} (\`${script}\`, preset \`${views[0]!.preset}\`)`,
    ...seedsGrids(views, "scores").flatMap((grid) => [`${escapeMarkdown(grid.caption)}:`, gridMarkdown(grid)]),
    ...(found.length === 0 ? [] : [directionsGrid(found, views)]),
    ...pictures.map(({ title, file }) => `![${escapeMarkdown(title)}](${file})`),
    ...(findings?.(views) ?? []),
    ...costsOf(views[0]!),
  ];
}

/** The measured costs of one run. Speed and memory depend on the machine, so a mean over runs would say no more. */
function costsOf({ seed, cells }: RunView): string[] {
  const tables = cells.flatMap(({ tables }) => tables).filter(({ name }) => COST_TABLES.includes(name));
  return tables.map((table) => {
    const grid = gridOf(table);
    return `${escapeMarkdown(grid.caption)} (seed ${seed}):\n\n${gridMarkdown(grid)}`;
  });
}

const COST_TABLES: readonly string[] = ["method-costs", "variants", "many-experts", "packed"];

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
      { text: paperText(one.paper) },
      { text: one.here },
      savedText(one),
      { text: `${one.wins} of ${one.seeds}` },
    ]),
  });
}

/** The difference with its interval or, if there are too few seeds, with the difference of each seed. */
function savedText({ saved, each, halfWidth }: DirectionFound): { text: string; aside?: string } {
  const shown = [saved, ...halfWidth === undefined ? each : [halfWidth]];
  const digits = Math.max(3, visibleDigits(shown));
  const signed = (value: number) => value > 0 ? `+${fixed(value, digits)}` : fixed(value, digits);
  const text = signed(saved);
  if (halfWidth !== undefined) return { text, aside: `± ${fixed(halfWidth, digits)}` };
  return each.length === 1 ? { text } : { text, aside: `(${each.map(signed).join(", ")})` };
}

/**
 * Which of the paper's findings were reproduced, which were not, and which questions it leaves open. A direction that two
 * studies share, from the same cells, is listed once.
 */
function readingOf(all: readonly DirectionFound[]): string {
  const found = [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
  const decided = found.filter(({ paper }) => paper?.finding === "yes" || paper?.finding === "no");
  const equal = found.filter(({ paper }) => paper?.finding === "no difference");
  const open = found.filter((one) => !decided.includes(one) && !equal.includes(one));
  const clear = decided.filter(({ here }) => here !== "unclear");
  const groups: readonly (readonly [string, readonly DirectionFound[]])[] = [
    ["Findings of the paper that these runs reproduce", clear.filter(({ paper, here }) => here === paper!.finding)],
    ["Findings of the paper that these runs contradict", clear.filter(({ paper, here }) => here !== paper!.finding)],
    [
      "Findings of the paper that these runs neither confirm nor refute",
      decided.filter(({ here }) => here === "unclear"),
    ],
    ["Comparisons in which the paper finds no difference", equal],
    ["Questions that the paper leaves open and these runs answer", open.filter(({ here }) => here !== "unclear")],
    ["Questions that the paper and these runs leave open", open.filter(({ here }) => here === "unclear")],
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
  const there = paper === null ? "" : ` The paper: ${paperText(paper)}.`;
  return `- ${escapeMarkdown(`${claim}: ${here}, ${size} (${preset}).${there}`)}`;
}
