// What the probes came to, as losses over repeats and as a run's results.
import type { Losses } from "../../lib/bts/mod.ts";
import { type DomainLosses, meanLosses, type ProbeLosses } from "../../lib/domains/mod.ts";
import { bitsPerByteOf, infoOf, MEASURES } from "../../lib/eval/mod.ts";
import { HEADLINE, type RunResults } from "../../lib/run/mod.ts";

/** The losses of the seed and of each candidate's probes, by the names of their methods. */
export function probeLosses(losses: Losses, candidates: readonly string[]): ProbeLosses {
  const repeats = (candidate: string) =>
    Object.keys(losses).filter((name) => name.slice(0, name.lastIndexOf("/")) === `probe:${candidate}`);
  return {
    seed: losses["seed"]!,
    probes: new Map(candidates.map((one) => [one, repeats(one).map((name) => losses[name]!)])),
  };
}

/** The mean losses of each candidate's probes, by the name of their method. */
export function meanProbes({ probes }: ProbeLosses): Record<string, DomainLosses> {
  return Object.fromEntries([...probes].map(([candidate, repeats]) => [`probe:${candidate}`, meanLosses(repeats)]));
}

/** Bits per byte of methods as a run's results. @param methods their losses; all are on the same domains */
export function bitsPerByteResults(methods: Readonly<Record<string, DomainLosses>>): RunResults {
  return {
    domains: Object.keys(Object.values(methods)[0]!),
    measures: MEASURES.filter(({ name }) => name === HEADLINE.name).map(infoOf),
    methods: Object.fromEntries(Object.entries(methods).map(([name, losses]) => [name, bitsPerByteOf(losses)])),
  };
}
