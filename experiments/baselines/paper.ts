// The paper's Table 3 beside ours: who is better than whom, there and here.
import type { RunResults, Table } from "../../lib/run/mod.ts";
import { methodPhrase } from "../../lib/methods.ts";
import { type Direction, verdictOf } from "../../lib/study/mod.ts";
import { compareMethods, type Losses } from "../../lib/bts/mod.ts";

/** Average over eight benchmarks (BTS, arXiv 2502.00075, Table 3), of the methods that it has. */
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

/** BTS against every other method, in the direction that the paper found or that one would expect. */
export function baselineDirections(methods: readonly string[]): Direction[] {
  const ours = PAPER_AVERAGES["bts"]!;
  return methods.filter((method) => method !== "bts").map((method) => {
    const average = PAPER_AVERAGES[method];
    return {
      claim: `BTS is better than ${methodPhrase(method)}`,
      better: "bts",
      worse: method,
      on: "mean",
      paper: average === undefined ? null : `yes: ${ours.toFixed(1)} against ${average.toFixed(1)}`,
    };
  });
}

/**
 * One row a method: bits per byte by domain, tasks, the paper's average, and whether BTS is better, in the paper and here.
 * Here it is `yes` or `no` only where the 95 % interval of the difference on the mean of all domains leaves out zero.
 */
export function paperTable({ domains, methods }: RunResults, losses: Losses): Table {
  const columns = [...domains.filter((domain) => domain !== "mean"), "mean"];
  const tasks = [...new Set(Object.values(methods).flatMap(({ tasks }) => Object.keys(tasks)))];
  const ours = PAPER_AVERAGES["bts"]!;
  return {
    name: "paper",
    title:
      "Every method on held-out text (bits per byte) and tasks (share right), beside the paper's average score, and " +
      "whether BTS is better, in the paper and on the mean of all domains here",
    columns: [
      { key: "method", title: "method", kind: "text" },
      ...columns.map((key) => ({ key, title: key, kind: "number", digits: 3, better: "lower" } as const)),
      ...tasks.map((task) => ({
        key: `task:${task}`,
        title: task,
        kind: "number",
        digits: 3,
        better: "higher",
      } as const)),
      { key: "paper", title: "paper’s average", kind: "number", digits: 1, better: "higher" },
      { key: "there", title: "BTS better: paper", kind: "text" },
      { key: "here", title: "BTS better: here", kind: "text" },
    ],
    rows: Object.entries(methods).map(([method, { bpb, tasks: scores }]) => {
      const average = PAPER_AVERAGES[method];
      const other = method !== "bts";
      return {
        method,
        ...Object.fromEntries(columns.map((domain) => [domain, bpb[domain] ?? null])),
        ...Object.fromEntries(tasks.map((task) => [`task:${task}`, scores[task]?.value ?? null])),
        paper: average ?? null,
        there: !other ? "–" : average === undefined ? "not said" : ours > average ? "yes" : "no",
        here: other ? verdictOf(compareMethods(losses, "bts", method, "mean")) : "–",
      };
    }),
  };
}
