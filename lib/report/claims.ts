// What a run shows, in words, with its uncertainty: and what it does not show, as plainly.
import type { RunView } from "../run/mod.ts";
import { fixed, range } from "./format.ts";
import { expertDomain, methodLabel, methodPhrase, orderMethods } from "./methods.ts";

/** How one method compares with another on one domain (or `mean`), in bits per byte. */
export interface Comparison {
  readonly method: string;
  readonly against: string;
  readonly domain: string;
  /** Bits per byte that `method` saves: positive when it is better. */
  readonly saved: number;
  /** 95 % interval of `saved`, when the run logged the paired difference. */
  readonly interval: readonly [number, number] | undefined;
  /** `unclear` when the interval holds 0, or when unpaired intervals overlap. */
  readonly verdict: "better" | "worse" | "unclear";
  /** What the verdict rests on: paired differences, the two scores' own intervals, or the bare numbers. */
  readonly basis: "paired" | "intervals" | "numbers";
}

/** One statement and whether it holds. */
export interface Claim {
  readonly holds: "yes" | "no" | "unclear";
  readonly text: string;
}

/**
 * Compares two methods on a domain; undefined when either has no finite score there.
 *
 * Paired differences come from a table named `comparisons` that any cell logged, with the columns `method`,
 * `against`, `domain`, and `difference`, `low`, `high` = bits per byte of `method` minus those of `against`.
 */
export function compare(view: RunView, method: string, against: string, domain: string): Comparison | undefined {
  const a = view.results?.methods[method], b = view.results?.methods[against];
  const x = a?.bpb[domain], y = b?.bpb[domain];
  if (x === undefined || y === undefined || !Number.isFinite(x) || !Number.isFinite(y)) return undefined;
  const common = { method, against, domain };
  const paired = pairedDifference(view, method, against, domain);
  if (paired !== undefined) {
    const [low, high] = paired.interval;
    const verdict = low > 0 ? "better" : high < 0 ? "worse" : "unclear";
    return { ...common, ...paired, verdict, basis: "paired" };
  }
  const saved = y - x;
  const direction = saved > 0 ? "better" : saved < 0 ? "worse" : "unclear";
  const own = a!.bpbInterval[domain], other = b!.bpbInterval[domain];
  if (own === undefined || other === undefined) {
    return { ...common, saved, interval: undefined, verdict: direction, basis: "numbers" };
  }
  const overlap = own.low <= other.high && other.low <= own.high;
  return { ...common, saved, interval: undefined, verdict: overlap ? "unclear" : direction, basis: "intervals" };
}

function pairedDifference(view: RunView, method: string, against: string, domain: string) {
  for (const table of view.cells.flatMap((cell) => cell.tables).filter(({ name }) => name === "comparisons")) {
    for (const row of table.rows) {
      if ((row.domain ?? "mean") !== domain) continue;
      const { difference, low, high } = row;
      if (typeof difference !== "number" || typeof low !== "number" || typeof high !== "number") continue;
      if (row.method === method && row.against === against) {
        return { saved: -difference, interval: [-high, -low] as const };
      }
      if (row.method === against && row.against === method) {
        return { saved: difference, interval: [low, high] as const };
      }
    }
  }
  return undefined;
}

/** A comparison as one sentence. */
export function sentence(comparison: Comparison): string {
  const { method, against, domain, saved, interval, verdict, basis } = comparison;
  const [one, other] = [methodPhrase(method), methodPhrase(against)];
  const where = domain === "mean" ? "on the mean of all domains" : `on ${domain}`;
  const small = Math.abs(saved) < 0.005;
  const by = `${fixed(Math.abs(saved), small ? 4 : 2)} bits per byte`;
  const digits = small ? 4 : 2;
  const evidence = basis === "paired"
    ? ` [${fixed(interval![0], digits)}, ${fixed(interval![1], digits)}]`
    : basis === "numbers"
    ? " (no interval was computed)"
    : verdict === "unclear"
    ? " (the 95 % intervals of the two scores overlap)"
    : "";
  const text = verdict === "better"
    ? `${one} beats ${other} ${where} by ${by}${evidence}`
    : verdict === "worse"
    ? `${one} does not beat ${other} ${where}: it is ${by} behind${evidence}`
    : `${one} and ${other} cannot be told apart ${where}: ${
      saved === 0 ? "they score the same" : `${one} is ${by} ${saved > 0 ? "ahead" : "behind"}`
    }${evidence}`;
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

const HOLDS = { better: "yes", worse: "no", unclear: "unclear" } as const;
const claim = (comparison: Comparison): Claim => ({ holds: HOLDS[comparison.verdict], text: sentence(comparison) });

/**
 * What the run shows about the method's promises: each expert against the seed and against all other single models on
 * its own domain, and BTS against everything else on mean bits per byte. Empty while there are no results.
 */
export function claims(view: RunView): Claim[] {
  const results = view.results;
  if (results === null) return [];
  const methods = orderMethods(Object.keys(results.methods));
  const experts = methods.filter((method) => expertDomain(method) !== undefined);
  const found: Claim[] = [];
  for (const expert of experts) {
    const comparison = compare(view, expert, "seed", expertDomain(expert)!);
    if (comparison !== undefined) found.push(claim(comparison));
  }
  const winners = ownDomainClaim(view, experts);
  if (winners !== undefined) found.push(winners);
  if (!methods.includes("bts")) return found;
  const against = (others: readonly string[]) => others.flatMap((other) => compare(view, "bts", other, "mean") ?? []);
  const rest = methods.filter((method) => method !== "bts" && method !== "seed" && !experts.includes(method));
  return [...found, ...against(["seed"]).map(claim), ...expertsClaim(against(experts)), ...against(rest).map(claim)];
}

/** One line for all experts when BTS beats every one of them, a line each otherwise. */
function expertsClaim(comparisons: readonly Comparison[]): Claim[] {
  if (comparisons.length < 2 || comparisons.some(({ verdict }) => verdict !== "better")) return comparisons.map(claim);
  const least = comparisons.reduce((a, b) => a.saved < b.saved ? a : b);
  const [low, high] = least.interval ?? [];
  const interval = low === undefined || high === undefined ? "" : ` ${range(low, high, 2)}`;
  return [{
    holds: "yes",
    text: `BTS beats every single expert on the mean of all domains, the nearest (${methodPhrase(least.against)}) by ` +
      `${fixed(least.saved, 2)} bits per byte${interval}.`,
  }];
}

function ownDomainClaim(view: RunView, experts: readonly string[]): Claim | undefined {
  const singles = ["seed", ...experts].filter((method) => view.results?.methods[method] !== undefined);
  const bpb = (method: string, domain: string) => view.results!.methods[method]!.bpb[domain] ?? Infinity;
  const judged = experts.filter((expert) => Number.isFinite(bpb(expert, expertDomain(expert)!)));
  if (judged.length < 2) return undefined;
  const lost = judged.filter((expert) => {
    const domain = expertDomain(expert)!;
    return singles.some((other) => other !== expert && bpb(other, domain) <= bpb(expert, domain));
  });
  if (lost.length === 0) {
    return { holds: "yes", text: "Every expert is the best single model on its own domain." };
  }
  const names = lost.map((expert) => `the ${expertDomain(expert)} expert`).join(" and ");
  const verb = lost.length === 1
    ? "is not the best single model on its own domain"
    : "are not best on their own domains";
  return { holds: "no", text: `${names[0]!.toUpperCase()}${names.slice(1)} ${verb}.` };
}

/** One sentence that opens the report: where BTS stands among all methods by mean bits per byte. */
export function headline(view: RunView): string | undefined {
  const methods = view.results?.methods ?? {};
  const ranked = Object.keys(methods).filter((method) => Number.isFinite(methods[method]!.bpb.mean ?? NaN))
    .sort((a, b) => methods[a]!.bpb.mean! - methods[b]!.bpb.mean!);
  const at = ranked.indexOf("bts");
  if (at < 0 || ranked.length < 2) return undefined;
  const score = `${fixed(methods.bts!.bpb.mean, 3)} bits per byte`;
  if (at === 0) return `BTS is the best of ${ranked.length} methods on mean held-out loss, with ${score}.`;
  const ahead = ranked.slice(0, at).map((method) => `${methodLabel(method)} (${fixed(methods[method]!.bpb.mean, 3)})`);
  return `BTS is number ${at + 1} of ${ranked.length} methods on mean held-out loss, with ${score}, behind ${
    ahead.join(", ")
  }.`;
}
