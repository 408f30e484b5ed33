// What an evaluation on coding problems found: as tables, as JSON, and as measures of a run.
import { type MeasureInfo, type Measurement, numberColumn, type Table, textColumn } from "../run/mod.ts";
import type { CodeScores } from "./evaluate.ts";
import type { Outcome } from "./judge.ts";

const percent = (share: number) => 100 * share;

/** pass@k by level. @param title the model */
export function codeTable({ answers, scores }: CodeScores, title: string): Table {
  return {
    name: "code",
    title,
    columns: [
      textColumn("level"),
      numberColumn("k", "k", 0),
      numberColumn("value", "pass@k, %", 1),
      textColumn("interval", "95 % interval"),
      numberColumn("problems", "problems", 0),
      numberColumn("answers", "answers", 0),
    ],
    rows: scores.map(({ level, k, estimate: { value, low, high, samples } }) => ({
      level,
      k,
      value: percent(value),
      interval: `${percent(low).toFixed(1)}–${percent(high).toFixed(1)}`,
      problems: samples,
      answers: answers.filter((answer) => level === "all" || answer.level === level).length,
    })),
  };
}

/** How many answers had each outcome, the most frequent first. */
export function outcomesOf({ answers }: CodeScores): readonly (readonly [Outcome, number])[] {
  return [...Map.groupBy(answers, ({ outcome }) => outcome)]
    .map(([outcome, all]) => [outcome, all.length] as const)
    .sort(([, a], [, b]) => b - a);
}

/** The scores as plain data. */
export function codeJson(found: CodeScores): Record<string, unknown> {
  return {
    scores: found.scores.map(({ level, k, estimate: { value, low, high, samples } }) => ({
      level,
      k,
      value,
      interval: [low, high],
      problems: samples,
    })),
    outcomes: Object.fromEntries(outcomesOf(found)),
    answers: found.answers.length,
  };
}

/** Which problems were asked. */
export interface ProblemSet {
  /** What a file with problems of one's own is called; undefined for the built-in ones. */
  readonly name: string | undefined;
  /** The levels that were chosen; none if that is all. */
  readonly levels: readonly string[];
}

/**
 * The scores as measures of a model: `code/pass@1` on all built-in problems, `code/easy/pass@1` on those of a level, and
 * `code@mine/pass@1` on problems of one's own.
 */
export function codeMeasures(
  { scores }: CodeScores,
  { name, levels }: ProblemSet,
): { readonly measures: readonly MeasureInfo[]; readonly measurements: readonly Measurement[] } {
  const set = name === undefined ? "code" : `code@${name}`;
  const named = scores.map(({ level, k, estimate }) => ({
    name: [set, ...(level === "all" ? levels.length > 0 ? [levels.join("+")] : [] : [level]), `pass@${k}`].join("/"),
    estimate,
  }));
  return {
    measures: named.map(({ name }): MeasureInfo => ({
      name,
      title: name,
      table: "Generated code that passes its tests, percent",
      format: "percent",
      digits: 1,
      section: "scores",
      chance: 0,
      machineDependent: false,
    })),
    measurements: named.map(({ name, estimate: { value, low, high, samples } }): Measurement => ({
      name,
      group: "",
      value,
      interval: [low, high],
      samples,
      better: "higher",
    })),
  };
}
