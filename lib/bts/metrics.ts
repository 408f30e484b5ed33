// Names of the metrics that a Branch-Train-Stitch run will log, so that a sweep can validate its metric up front.
import { type Measure, MEASURES } from "../eval/mod.ts";
import { type DeclaredMetrics, gateMetric, isOverall, MEAN, placeName } from "../run/mod.ts";
import { placeStitches } from "../stitch/mod.ts";
import { PARAMETER_GROUPS } from "../train/mod.ts";
import type { BtsConfig } from "./config.ts";
import { scoredTasks } from "./evaluation-cost.ts";
import { expertMix } from "./expert-mix.ts";
import { rolesOf } from "./roles.ts";

/** Metrics of a training step. */
const CURVES = ["loss", "validation", "lr", "gradientNorm", "tokens", "tokensPerSecond"];
/** Metrics that the monitor logs for each parameter group. */
const STATISTICS = [
  "updateRms",
  "updateToWeight",
  "edge",
  "bimodality",
  "alignment",
  "autocorrelation",
  "belowEpsilon",
];

/**
 * The results of all methods, and the curves of all training cells.
 *
 * @param further names of methods in addition to those of every run
 */
export function btsMetrics(
  config: BtsConfig,
  measures: readonly Measure[] = MEASURES,
  further: readonly string[] = [],
): DeclaredMetrics {
  const { data, experts, mix } = config;
  const methods = ["bts", "seed", ...experts.map((domain) => `expert:${domain}`), "soup", "btm", ...further];
  const results: DeclaredMetrics["results"] = {};
  const tasks = scoredTasks(config).map(({ name }) => ({ name, better: "higher", groups: [""] } as const));
  for (const { name, better, groups } of [...measures, ...tasks]) {
    for (const group of groups === "domains" ? [...Object.keys(data.domains), MEAN] : groups) {
      const place = { name, group };
      for (const method of methods) results[`${method}/${placeName(place)}`] = better ?? "lower";
      if (isOverall(place)) results[name] = better ?? "lower";
    }
  }
  const groups = PARAMETER_GROUPS.flatMap((group) => STATISTICS.map((name) => `${group}/${name}`));
  const cells: [cell: string, mix: Readonly<Record<string, number>>][] = [
    ["seed", mix.seed],
    ...experts.map((domain): [string, Readonly<Record<string, number>>] => [
      `expert:${domain}`,
      expertMix(config, domain),
    ]),
    ["stitch", mix.stitch],
  ];
  const curves = cells.flatMap(([cell, mix]) =>
    [...CURVES, ...validations(mix), ...groups].map((name) => `${cell}/${name}`)
  );
  return { results, curves: [...curves, ...gates(config).map((name) => `stitch/${name}`)] };
}

/** The gates of every stitch on the text of each domain that stitches are trained on. */
function gates(config: BtsConfig): string[] {
  const { hub, spokes } = rolesOf(config, null, new Map(config.experts.map((domain) => [domain, null])));
  const models = [hub, ...spokes].map(([name]) => name);
  const domains = Object.keys(config.mix.stitch).filter((domain) => config.mix.stitch[domain]! > 0);
  return placeStitches(config.stitch, config.model.layers).flatMap((_, at) =>
    domains.flatMap((domain) => models.map((model) => gateMetric({ stitch: at + 1, domain, model })))
  );
}

/** The validation losses by domain, which a mix of several domains has. */
function validations(mix: Readonly<Record<string, number>>): string[] {
  const domains = Object.keys(mix).filter((domain) => mix[domain]! > 0);
  return domains.length > 1 ? domains.map((domain) => `validation/${domain}`) : [];
}
