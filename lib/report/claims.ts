// What a run shows and what it does not, in words and with its uncertainty.
import { HEADLINE, headlineOn, type RunView, valueOf } from "../run/mod.ts";
import { fixed } from "./format.ts";
import { expertDomain, methodLabel, methodPhrase, orderMethods } from "../methods.ts";
import { directionClaims, questionOf } from "./directions.ts";
import { capital, type Claim, differenceSentence, listed, sizes, visibleDigits } from "./wording.ts";

/** How one method compares with another on one domain (or `mean`), in bits per byte. */
export interface Comparison {
  readonly method: string;
  readonly against: string;
  readonly domain: string;
  /** Bits per byte that `method` saves: positive when it is better. */
  readonly saved: number;
  /** 95 % interval of `saved`, when the run logged the paired difference with one. */
  readonly interval: readonly [number, number] | undefined;
  /** `unclear` when the interval holds 0, when unpaired intervals overlap, or with too few documents for an interval. */
  readonly verdict: "better" | "worse" | "unclear";
  /** What the verdict is based on: paired differences, the intervals of both scores, or the scores alone. */
  readonly basis: "paired" | "intervals" | "numbers";
}

/**
 * Compares two methods on a domain; undefined when either has no finite score there.
 *
 * Paired differences come from a table named `comparisons` that any cell logged, with the columns `method`,
 * `against`, `domain`, and `difference`, `low`, `high` = bits per byte of `method` minus those of `against`; the last
 * two are null with too few documents for an interval.
 */
export function compare(view: RunView, method: string, against: string, domain: string): Comparison | undefined {
  const [a, b] = [method, against].map((name) => headlineOn(view.results?.methods[name], domain));
  if (a === undefined || b === undefined || !Number.isFinite(a.value) || !Number.isFinite(b.value)) return undefined;
  const common = { method, against, domain };
  const paired = pairedDifference(view, method, against, domain);
  if (paired !== undefined) {
    const [low, high] = paired.interval ?? [0, 0];
    const verdict = low > 0 ? "better" : high < 0 ? "worse" : "unclear";
    return { ...common, ...paired, verdict, basis: "paired" };
  }
  const saved = b.value - a.value;
  const direction = saved > 0 ? "better" : saved < 0 ? "worse" : "unclear";
  if (a.interval === null || b.interval === null) {
    return { ...common, saved, interval: undefined, verdict: direction, basis: "numbers" };
  }
  const overlap = a.interval[0] <= b.interval[1] && b.interval[0] <= a.interval[1];
  return { ...common, saved, interval: undefined, verdict: overlap ? "unclear" : direction, basis: "intervals" };
}

function pairedDifference(
  view: RunView,
  method: string,
  against: string,
  domain: string,
): Pick<Comparison, "saved" | "interval"> | undefined {
  for (const table of view.cells.flatMap((cell) => cell.tables).filter(({ name }) => name === "comparisons")) {
    for (const row of table.rows) {
      if ((row.domain ?? "mean") !== domain) continue;
      const { difference, low, high } = row;
      if (typeof difference !== "number") continue;
      const found = typeof low === "number" && typeof high === "number";
      if (row.method === method && row.against === against) {
        return { saved: -difference, interval: found ? [-high, -low] : undefined };
      }
      if (row.method === against && row.against === method) {
        return { saved: difference, interval: found ? [low, high] : undefined };
      }
    }
  }
  return undefined;
}

/** A comparison as one sentence. */
export function sentence(comparison: Comparison): string {
  const { method, against, domain, verdict, basis, interval } = comparison;
  const remark = basis === "numbers"
    ? " (no interval was computed)"
    : basis === "intervals" && verdict === "unclear"
    ? " (the 95 % intervals of the two scores overlap)"
    : basis === "paired" && interval === undefined
    ? " (too few held-out documents for a 95 % interval)"
    : "";
  return differenceSentence({
    ...comparison,
    one: methodPhrase(method),
    other: methodPhrase(against),
    where: domain === "mean" ? " on the mean of all domains" : ` on ${domain}`,
    remark,
  });
}

const HOLDS = { better: "yes", worse: "no", unclear: "unclear" } as const;
const claim = (comparison: Comparison): Claim => ({ holds: HOLDS[comparison.verdict], text: sentence(comparison) });

/**
 * What the run shows about the method's claims: each expert against the seed and all other single models on its own
 * domain, BTS against everything else on mean bits per byte, and a study's own question. Empty until there are results.
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
  if (!methods.includes("bts")) return [...found, ...directionClaims(view)];
  const against = (others: readonly string[]) => others.flatMap((other) => compare(view, "bts", other, "mean") ?? []);
  const rest = methods.filter((method) => method !== "bts" && method !== "seed" && !experts.includes(method));
  return [...found, ...against(["seed"]).map(claim), ...expertsClaim(against(experts)), ...against(rest).map(claim)];
}

/** One line for all experts if BTS beats every one of them, otherwise one line each. */
function expertsClaim(comparisons: readonly Comparison[]): Claim[] {
  if (comparisons.length < 2 || comparisons.some(({ verdict }) => verdict !== "better")) return comparisons.map(claim);
  const least = comparisons.reduce((a, b) => a.saved < b.saved ? a : b);
  const { by, bracket } = sizes(least.saved, least.interval);
  const closest = `the closest (${methodPhrase(least.against)}) by ${by}${bracket}`;
  return [{ holds: "yes", text: `BTS beats every single expert on the mean of all domains, ${closest}.` }];
}

/** Whether each expert is the best single model on its own domain: as certain as the least certain comparison. */
function ownDomainClaim(view: RunView, experts: readonly string[]): Claim | undefined {
  const rivals = (expert: string) =>
    ["seed", ...experts].flatMap((other) =>
      other === expert ? [] : compare(view, expert, other, expertDomain(expert)!) ?? []
    );
  const judged = experts.map((expert) => ({ expert, comparisons: rivals(expert) }))
    .filter(({ comparisons }) => comparisons.length > 0);
  if (judged.length < 2) return undefined;
  /** `the code expert (the seed is better)` for those with such a comparison. */
  const naming = (verdict: Comparison["verdict"], say: (others: readonly string[]) => string) =>
    judged.flatMap(({ expert, comparisons }) => {
      const others = comparisons.filter((comparison) => comparison.verdict === verdict)
        .map(({ against }) => methodPhrase(against));
      return others.length === 0 ? [] : [`${methodPhrase(expert)} (${say(others)})`];
    });
  const lost = naming("worse", (others) => `${listedInPart(others)} ${others.length === 1 ? "is" : "are"} better`);
  if (lost.length > 0) {
    const verb = lost.length === 1
      ? "is not the best single model on its own domain"
      : "are not the best single models on their own domains";
    return { holds: "no", text: `${capital(listedInPart(lost))} ${verb}.` };
  }
  const open = naming("unclear", (others) => `against ${listedInPart(others)}`);
  if (open.length > 0) {
    return {
      holds: "unclear",
      text: `It is unclear whether every expert is the best single model on its own domain; unclear are ${
        listedInPart(open)
      }.`,
    };
  }
  return { holds: "yes", text: "Every expert is the best single model on its own domain." };
}

/** Warnings for presets that are too small to show anything. */
const CAVEATS: Readonly<Record<string, string>> = {
  smoke: "This preset only checks that everything runs; it is too small to show anything about the method.",
};

/** A warning to put before the findings of a run whose preset is too small for any. */
export function caveat(view: RunView): string | undefined {
  return view.results !== null && Object.hasOwn(CAVEATS, view.preset) ? CAVEATS[view.preset] : undefined;
}

/**
 * The opening sentence of the report: how BTS ranks among all methods by mean bits per byte, or what a study asks, after
 * a warning if the preset is too small for findings. Undefined until there are results.
 */
export function headline(view: RunView): string | undefined {
  const parts = [caveat(view), standing(view) ?? questionOf(view)].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(" ");
}

/** At most this many methods are named, or one more if that is all of them. */
const MOST_NAMED = 4;

/** `a, b, c, d, and 11 others`; all names where they are few. */
function listedInPart(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return listed(more > 1 ? [...names.slice(0, MOST_NAMED), `${more} others`] : names);
}

function standing(view: RunView): string | undefined {
  const methods = view.results?.methods ?? {};
  const mean = (method: string) => valueOf(methods[method], HEADLINE) ?? NaN;
  const ranked = Object.keys(methods).filter((method) => Number.isFinite(mean(method)))
    .sort((a, b) => mean(a) - mean(b));
  const at = ranked.indexOf("bts");
  if (at < 0 || ranked.length < 2) return undefined;
  // A method that is just ahead must not look equal.
  const digits = Math.max(3, at === 0 ? 0 : visibleDigits([mean("bts"), mean(ranked[at - 1]!)]));
  const score = `${fixed(mean("bts"), digits)} bits per byte`;
  if (at === 0) {
    const close = ranked.filter((method) =>
      compare(view, "bts", method, "mean")?.verdict === "unclear" && method !== "bts"
    )
      .map(methodPhrase);
    return close.length === 0
      ? `BTS is the best of ${ranked.length} methods by mean held-out loss, with ${score}.`
      : `BTS has the lowest mean held-out loss of ${ranked.length} methods, ${score}, but it is not clearly better than ${
        listedInPart(close)
      }.`;
  }
  const ahead = ranked.slice(0, at).map((method) => `${methodLabel(method)} (${fixed(mean(method), digits)})`);
  const more = ahead.length - MOST_NAMED;
  const named = more > 1 ? [...ahead.slice(0, MOST_NAMED), `and ${more} others`] : ahead;
  return `BTS ranks number ${at + 1} of ${ranked.length} methods by mean held-out loss, with ${score}, behind ${
    named.join(", ")
  }.`;
}
