// What a Branch-Train-Stitch run comes to, by name, so that a sweep can tell beforehand what it may be compared by.
import type { DeclaredMetrics } from "../run/mod.ts";
import { PARAMETER_GROUPS } from "../train/mod.ts";
import type { BtsConfig } from "./config.ts";
import { TASK_NAMES } from "./domain-tasks.ts";

/** What every step logs, and every so many. */
const CURVES = ["loss", "validation", "lr", "gradientNorm", "tokens", "tokensPerSecond"];
/** What the monitor logs of each group of parameters. */
const STATISTICS = [
  "updateRms",
  "updateToWeight",
  "edge",
  "bimodality",
  "alignment",
  "autocorrelation",
  "belowEpsilon",
];

/** The results of every method, and the curves of every training cell. */
export function btsMetrics({ data, experts }: BtsConfig): DeclaredMetrics {
  const methods = ["bts", "seed", ...experts.map((domain) => `expert:${domain}`), "soup", "btm"];
  const results: DeclaredMetrics["results"] = { bpb: "lower" };
  for (const method of methods) {
    for (const domain of [...data.domains, "mean"]) results[`${method}/bpb/${domain}`] = "lower";
    for (const task of TASK_NAMES) results[`${method}/${task}`] = "higher";
  }
  const groups = PARAMETER_GROUPS.flatMap((group) => STATISTICS.map((name) => `${group}/${name}`));
  const cells = ["seed", ...experts.map((domain) => `expert:${domain}`), "stitch"];
  return { results, curves: cells.flatMap((cell) => [...CURVES, ...groups].map((name) => `${cell}/${name}`)) };
}
