// The paper's Table 3 compared with a run.
import { compareMethods, type Losses } from "../../lib/bts/mod.ts";
import { methodPhrase } from "../../lib/methods.ts";
import { numberColumn, type RunResults, type Table, textColumn } from "../../lib/run/mod.ts";
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
 * One row per method: bits per byte by domain, tasks, the paper's average score, and whether BTS is better, in the paper
 * and in this run. It is `yes` or `no` in this run only if the 95 % interval of the difference on the mean of all domains
 * excludes zero.
 */
export function paperTable({ domains, methods }: RunResults, losses: Losses): Table {
  const columns = [...domains.filter((domain) => domain !== "mean"), "mean"];
  const tasks = [...new Set(Object.values(methods).flatMap(({ tasks }) => Object.keys(tasks)))];
  return {
    name: "paper",
    title:
      "All methods on held-out text (bits per byte) and tasks (share right), with the paper's average score, and whether " +
      "BTS is better, in the paper and here on the mean of all domains",
    columns: [
      textColumn("method", "method"),
      ...columns.map((domain) => numberColumn(`bpb:${domain}`, domain, 3, "lower")),
      ...tasks.map((task) => numberColumn(`task:${task}`, task, 3, "higher")),
      numberColumn("paper", "paper’s average", 1, "higher"),
      textColumn("there", "BTS better: paper"),
      textColumn("here", "BTS better: here"),
    ],
    rows: Object.entries(methods).map(([method, { bpb, tasks: scores }]) => {
      const other = method !== "bts";
      return {
        method,
        ...Object.fromEntries(columns.map((domain) => [`bpb:${domain}`, bpb[domain] ?? null])),
        ...Object.fromEntries(tasks.map((task) => [`task:${task}`, scores[task]?.value ?? null])),
        paper: PAPER_AVERAGES[method] ?? null,
        there: other ? paperFinding(method)?.finding ?? "no result" : "–",
        here: other ? verdictOf(compareMethods(losses, "bts", method, "mean")) : "–",
      };
    }),
  };
}
