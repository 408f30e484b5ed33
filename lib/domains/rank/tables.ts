// The tables of a ranking.
import { numberColumn, type Table, textColumn } from "../../run/mod.ts";
import type { Choice } from "./choice.ts";
import { type Gain, type PlacedGain, type ProbeGains, verdictOf } from "./gains.ts";
import { rankRanges, rankText } from "./ranks.ts";

const DIGITS = 4;
const interval = (key: string, digits: number) => [
  numberColumn(key === "" ? "low" : `${key}-low`, "low", digits),
  numberColumn(key === "" ? "high" : `${key}-high`, "high", digits),
];

/**
 * Candidates by their gain on their own domain, the largest first.
 *
 * @param tokens that a probe was trained on
 */
export function rankingTable({ own, pairs, others }: ProbeGains, tokens: number): Table {
  const ranges = rankRanges(own);
  const perMillion = (value: number | null) => value === null ? null : value / tokens * 1e6;
  const rows = own.map((gain, at) => {
    const { candidate, value, low, high } = gain;
    const elsewhere = others[at]!;
    const verdicts = pairs.filter((pair) => pair.candidate === candidate).map(verdictOf);
    return {
      rank: rankText(ranges[at]!),
      domain: candidate,
      gain: value,
      low,
      high,
      "per-million": perMillion(value),
      "per-million-low": perMillion(low),
      "per-million-high": perMillion(high),
      others: elsewhere.value,
      "others-low": elsewhere.low,
      "others-high": elsewhere.high,
      helped: verdicts.filter((verdict) => verdict === "better").length,
      harmed: verdicts.filter((verdict) => verdict === "worse").length,
    };
  });
  return {
    name: "ranking",
    title: "Bits per byte that a short probe saves on its own domain (gain), per million training tokens, and on the " +
      "other domains (mean; how many are clearly helped or harmed), with 95 % intervals; overlapping ranks cannot be " +
      "told apart",
    columns: [
      textColumn("rank", "rank"),
      textColumn("domain", "domain"),
      numberColumn("gain", "gain", DIGITS),
      ...interval("", DIGITS),
      numberColumn("per-million", "per 1M tokens", 2),
      ...interval("per-million", 2),
      numberColumn("others", "others", DIGITS),
      ...interval("others", DIGITS),
      numberColumn("helped", "helped", 0),
      numberColumn("harmed", "harmed", 0),
    ],
    rows: rows.toSorted((a, b) => b.gain - a.gain),
  };
}

/** Probes by domains, for reading. */
export function gainMatrixTable(gains: ProbeGains, domains: readonly string[]): Table {
  return {
    name: "gain-matrix",
    title: "Bits per byte saved, probe by domain; in parentheses where the 95 % interval includes 0",
    columns: [textColumn("probe", "probe"), ...domains.map((domain) => textColumn(`on ${domain}`, domain))],
    rows: [...Map.groupBy(allGains(gains, domains), ({ candidate }) => candidate)].map(([probe, row]) => ({
      probe,
      ...Object.fromEntries(row.map((gain) => [`on ${gain.domains[0]}`, gainText(gain)])),
    })),
  };
}

/** The gains of every candidate on every single domain, in the order of both. */
export function allGains({ own, pairs }: ProbeGains, domains: readonly string[]): PlacedGain[] {
  const all = [...own, ...pairs];
  return own.flatMap(({ candidate }) =>
    domains.map((domain) => all.find((one) => one.candidate === candidate && one.domains[0] === domain)!)
  );
}

/** `+0.012`, `(−0.001)` */
export function gainText(gain: Gain): string {
  const size = Math.abs(gain.value).toFixed(3);
  const text = `${Number(size) === 0 ? "" : gain.value > 0 ? "+" : "−"}${size}`;
  return verdictOf(gain) === "unclear" ? `(${text})` : text;
}

/** Every gain with its interval, one a row. */
export function gainsTable(gains: ProbeGains, domains: readonly string[]): Table {
  return {
    name: "gains",
    title: "Bits per byte saved by each probe on each domain, paired by document, with 95 % intervals",
    columns: [
      textColumn("probe", "probe"),
      textColumn("domain", "domain"),
      numberColumn("gain", "gain", DIGITS),
      ...interval("", DIGITS),
      textColumn("verdict", "than the seed"),
    ],
    rows: allGains(gains, domains).map((gain) => ({
      probe: gain.candidate,
      domain: gain.domains[0]!,
      gain: gain.value,
      low: gain.low,
      high: gain.high,
      verdict: verdictOf(gain),
    })),
  };
}

/**
 * The greedy choice in its order, then the candidates that were left out.
 *
 * @param tokens that an expert is trained on
 */
export function choiceTable({ steps, chosenIn }: Choice, tokens: number): Table {
  const left = [...chosenIn.keys()].filter((candidate) => !steps.some((step) => step.candidate === candidate));
  const chance = (candidate: string) => 100 * chosenIn.get(candidate)!;
  return {
    name: "choice",
    title:
      "The greedy choice: what each expert adds to the joint gain (mean over domains of the best gain on each, in " +
      "bits per byte), with 95 % intervals, and how often it is chosen when documents and batches are drawn again",
    columns: [
      numberColumn("order", "order", 0),
      textColumn("domain", "domain"),
      numberColumn("tokens", "tokens so far", 0),
      numberColumn("added", "adds", DIGITS),
      ...interval("added", DIGITS),
      numberColumn("joint", "joint gain", DIGITS),
      ...interval("joint", DIGITS),
      numberColumn("chosen-in", "chosen in %", 0),
    ],
    rows: [
      ...steps.map(({ candidate, added, joint }, at) => ({
        order: at + 1,
        domain: candidate,
        tokens: tokens * (at + 1),
        added: added.value,
        "added-low": added.low,
        "added-high": added.high,
        joint: joint.value,
        "joint-low": joint.low,
        "joint-high": joint.high,
        "chosen-in": chance(candidate),
      })),
      ...left.map((candidate) => ({
        order: null,
        domain: candidate,
        tokens: null,
        added: null,
        "added-low": null,
        "added-high": null,
        joint: null,
        "joint-low": null,
        "joint-high": null,
        "chosen-in": chance(candidate),
      })),
    ],
  };
}

/** Shares of a datamix for the stitches. */
export function stitchMixTable(mix: Readonly<Record<string, number>>): Table {
  return {
    name: "stitch-mix",
    title: "Datamix for the stitches of the chosen experts",
    columns: [textColumn("domain", "domain"), numberColumn("share", "share", 3)],
    rows: Object.entries(mix).map(([domain, share]) => ({ domain, share })),
  };
}
