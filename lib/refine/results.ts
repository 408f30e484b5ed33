// What methods came to: as tables, as measures of a run, and in words.
import { basename, extname } from "node:path";
import {
  type Estimate,
  type MeasureInfo,
  type Measurement,
  numberColumn,
  pairedShareDifference,
  type RunResults,
  shareInterval,
  type Table,
  textColumn,
} from "../run/mod.ts";
import { methodLabel } from "../methods.ts";
import type { ProblemChoice } from "./choose-problems.ts";
import type { Attempted } from "./evaluate.ts";
import type { MethodName } from "./methods.ts";

/** A method with its attempts: by allowance, then by problem. */
export interface MethodAttempts {
  readonly method: MethodName;
  readonly attempts: readonly Attempted[];
}

/** The method that the others are compared with. */
const BASELINE: MethodName = "long-cot";

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const accuracyOf = (attempts: readonly Attempted[]): Estimate =>
  shareInterval(attempts.filter(({ right }) => right).length, attempts.length);

const allowancesOf = ([first]: readonly MethodAttempts[]) =>
  [
    ...new Set(first?.attempts.map(({ allowance }) => allowance)),
  ].sort((a, b) => a - b);
const largestOf = (all: readonly MethodAttempts[]) => allowancesOf(all).at(-1)!;

/** The attempts of a method at an allowance; none if it is not among `all`. */
function attemptsOf(all: readonly MethodAttempts[], method: MethodName, allowance: number): readonly Attempted[] {
  const found = all.find((one) => one.method === method)?.attempts ?? [];
  return found.filter((one) => one.allowance === allowance);
}

/** `a − b` in accuracy, paired by problem. */
function difference(a: readonly Attempted[], b: readonly Attempted[]): Estimate {
  return pairedShareDifference(a.map(({ right }) => right), b.map(({ right }) => right));
}

/** A row for every method and allowance: what it spent, and how many problems it solved. */
export function refinementTable(all: readonly MethodAttempts[]): Table {
  return {
    name: "refinement",
    title:
      "Problems solved, by method and by the tokens allowed for a problem, with 95 % intervals; the difference from " +
      "long chain of thought at the same allowance is paired by problem",
    columns: [
      textColumn("method"),
      numberColumn("allowance", "tokens allowed", 0),
      numberColumn("total", "B_total", 0),
      numberColumn("sequential", "B_seq", 0),
      numberColumn("calls", "calls", 1),
      numberColumn("accuracy", "solved, %", 1),
      numberColumn("low", "low", 1),
      numberColumn("high", "high", 1),
      numberColumn("difference", "difference, points", 1),
      numberColumn("differenceLow", "low", 1),
      numberColumn("differenceHigh", "high", 1),
    ],
    rows: allowancesOf(all).flatMap((allowance) =>
      all.map(({ method }) => {
        const own = attemptsOf(all, method, allowance);
        const baseline = method === BASELINE ? [] : attemptsOf(all, BASELINE, allowance);
        const compared = baseline.length === 0 ? undefined : difference(own, baseline);
        const accuracy = accuracyOf(own);
        return {
          method,
          allowance,
          total: mean(own.map(({ total }) => total)),
          sequential: mean(own.map(({ sequential }) => sequential)),
          calls: mean(own.map(({ calls }) => calls)),
          accuracy: 100 * accuracy.value,
          low: 100 * accuracy.low,
          high: 100 * accuracy.high,
          difference: compared === undefined ? null : 100 * compared.value,
          differenceLow: compared === undefined ? null : 100 * compared.low,
          differenceHigh: compared === undefined ? null : 100 * compared.high,
        };
      })
    ),
  };
}

/** Accuracy, and what it took at the largest allowance, as measures of the methods. */
export function refinementResults(all: readonly MethodAttempts[]): RunResults {
  const allowances = allowancesOf(all);
  const largest = largestOf(all);
  const levels = [...new Set(all.flatMap(({ attempts }) => attempts.map(({ level }) => level)))];
  const solved = { format: "proportion", digits: 1, section: "scores", chance: null, machineDependent: false } as const;
  const spent = { format: "count", digits: 0, section: "cost", chance: null, machineDependent: false } as const;
  const at = `with ${largest} tokens allowed`;
  const measures: MeasureInfo[] = [
    { name: "accuracy", title: "solved", table: `Problems solved ${at}, percent`, ...solved },
    { name: "accuracy-by-budget", title: "solved", table: "Problems solved by tokens allowed, percent", ...solved },
    { name: "accuracy-by-level", title: "solved", table: `Problems solved ${at}, by level, percent`, ...solved },
    { name: "b-total", title: "B_total", table: `Tokens per problem ${at}, mean`, ...spent },
    { name: "b-seq", title: "B_seq", table: `Tokens per problem ${at}, mean`, ...spent },
  ];
  const methods = all.map(({ method }): [string, Measurement[]] => {
    const own = attemptsOf(all, method, largest);
    const tokens = (name: string, value: number): Measurement => {
      return { name, group: "", value, interval: null, samples: own.length, better: "lower" };
    };
    return [method, [
      measurement("accuracy", "", accuracyOf(own)),
      ...(allowances.length < 2
        ? []
        : allowances.map((allowance) =>
          measurement("accuracy-by-budget", String(allowance), accuracyOf(attemptsOf(all, method, allowance)))
        )),
      ...(levels.length < 2
        ? []
        : levels.map((level) =>
          measurement("accuracy-by-level", level, accuracyOf(own.filter((one) => one.level === level)))
        )),
      tokens("b-total", mean(own.map(({ total }) => total))),
      tokens("b-seq", mean(own.map(({ sequential }) => sequential))),
    ]];
  });
  const used = new Set(methods.flatMap(([, made]) => made.map(({ name }) => name)));
  return { domains: [], measures: measures.filter(({ name }) => used.has(name)), methods: Object.fromEntries(methods) };
}

function measurement(name: string, group: string, { value, low, high, samples }: Estimate): Measurement {
  return { name, group, value, interval: [low, high], samples, better: "higher" };
}

/**
 * Accuracy at the largest allowance as measures of the model that solved: `refine/long-cot@2048`; with chosen levels
 * `refine/easy/long-cot@2048`, and on the problems of `mine.jsonl` `refine@mine/long-cot@2048`.
 *
 * @param results as {@linkcode refinementResults} gives them
 */
export function refinementMeasures(
  { methods }: Pick<RunResults, "methods">,
  { file, levels }: Pick<ProblemChoice, "file" | "levels">,
  allowance: number,
): { readonly measures: MeasureInfo[]; readonly measurements: Measurement[] } {
  const set = [
    file === "" ? "refine" : `refine@${basename(file, extname(file))}`,
    ...levels.length === 0 ? [] : [levels.toSorted().join("+")],
  ];
  const measurements = Object.entries(methods).flatMap(([method, measured]) =>
    measured.filter(({ name }) => name === "accuracy").map((one) => ({
      ...one,
      name: [...set, `${method}@${allowance}`].join("/"),
    }))
  );
  return {
    measures: measurements.map(({ name }): MeasureInfo => ({
      name,
      title: name,
      table: "Problems solved by refinement, percent",
      format: "proportion",
      digits: 1,
      section: "scores",
      chance: null,
      machineDependent: false,
    })),
    measurements,
  };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const points = (share: number) => (100 * share).toFixed(1).replace("-", "−");

/**
 * Whether refinement gained anything, in words: at the largest allowance, the best refinement method against long chain of
 * thought.
 */
export function refinementVerdict(all: readonly MethodAttempts[]): string {
  const largest = largestOf(all);
  const refined = all.filter(({ method }) => method === "sequential" || method.startsWith("pdr-"));
  const base = attemptsOf(all, BASELINE, largest);
  const scored = refined.map(({ method }) => ({ method, own: attemptsOf(all, method, largest) }))
    .sort((a, b) => accuracyOf(b.own).value - accuracyOf(a.own).value);
  const [best] = scored;
  if (best === undefined || base.length === 0) {
    return "No comparison: this run does not have both long chain of thought and a refinement method.";
  }
  const { value, low, high } = difference(best.own, base);
  const label = methodLabel(best.method);
  const among = scored.length > 1 ? `, the best of ${scored.length} refinement methods,` : "";
  const facts = `With up to ${largest} tokens for each of ${base.length} problems, long chain of thought solves ` +
    `${percent(accuracyOf(base).value)}, and ${label}${among} ${percent(accuracyOf(best.own).value)}: ` +
    `a difference of ${points(value)} points, 95 % interval ${points(low)} to ${points(high)}.`;
  if (low > 0) {
    const caution = scored.length > 1 ? " As the best of several it may owe a part of that to chance." : "";
    return `Refinement helps. ${facts}${caution}`;
  }
  if (high < 0) return `Refinement hurts. ${facts}`;
  return `Refinement gains nothing that can be told from chance. ${facts} Small models gain little, because they seldom ` +
    "tell a right draft from a wrong one; and with few problems the interval is wide.";
}
