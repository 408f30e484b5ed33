// The paper's Table 3 compared with a run.
import { compareMethods, type Losses } from "../../lib/bts/mod.ts";
import { methodPhrase } from "../../lib/methods.ts";
import { numberColumn, resultColumns, resultRow, type RunResults, type Table, textColumn } from "../../lib/run/mod.ts";
import { type Direction, type PaperFinding, verdictOf } from "../../lib/study/mod.ts";

/** Average scores over eight benchmarks (BTS, arXiv 2502.00075, Table 3). */
export const PAPER_AVERAGES: Readonly<Record<string, number>> = {
  "seed": 24.0,
  "expert:code": 25.4,
  "expert:multilingual": 23.7,
  "expert:math": 25.4,
  "routing": 24.8,
  "btx-sample": 25.7,
  "soup": 25.7,
  "btm": 26.9,
  "bam-adapters": 27.3,
  "btx-soft": 27.4,
  "bam": 27.8,
  "bts": 28.1,
};

/** Whether BTS is better than a method in the paper; null if the paper does not have the method. */
function paperFinding(method: string): PaperFinding | null {
  const [bts, other] = [PAPER_AVERAGES["bts"]!, PAPER_AVERAGES[method]];
  if (other === undefined) return null;
  return { finding: bts > other ? "yes" : "no", scores: `${bts.toFixed(1)} against ${other.toFixed(1)}` };
}

/** The claims that BTS is better than each other method. */
export function baselineDirections(methods: readonly string[]): Direction[] {
  return methods.filter((method) => method !== "bts").map((method) => ({
    claim: `BTS is better than ${methodPhrase(method)}`,
    better: "bts",
    worse: method,
    on: "mean",
    paper: paperFinding(method),
  }));
}

/**
 * One row per method: its results, the paper's average score, and whether BTS is better, in the paper and in this run. It
 * is `yes` or `no` in this run only if the 95 % interval of the difference on the mean of all domains excludes zero.
 */
export function paperTable(results: RunResults, losses: Losses): Table {
  return {
    name: "paper",
    title:
      "All methods, with the paper's average score, and whether BTS is better, in the paper and here in bits per byte " +
      "on the mean of all domains",
    columns: [
      textColumn("method", "method"),
      ...resultColumns(results),
      numberColumn("paper", "paper’s average", 1, "higher"),
      textColumn("there", "BTS better: paper"),
      textColumn("here", "BTS better: here"),
    ],
    rows: Object.keys(results.methods).map((method) => {
      const other = method !== "bts";
      return {
        method,
        ...resultRow(results, method),
        paper: PAPER_AVERAGES[method] ?? null,
        there: other ? paperFinding(method)?.finding ?? "no result" : "–",
        here: other ? verdictOf(compareMethods(losses, "bts", method, "mean")) : "–",
      };
    }),
  };
}
