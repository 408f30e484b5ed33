// Which settings of a sweep go with differences in its metric. Pure: the browser loads this file.
import { random } from "../../random.ts";

/** A trial that has a value. */
export interface ScoredTrial {
  readonly settings: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly value: number;
}

/** How much one setting explains on its own. */
export interface Importance {
  readonly setting: string;
  /** How many groups of equal (or, of many numbers, similar) values there are. */
  readonly groups: number;
  /** Share of the metric's variance that lies between these groups, 0 to 1. */
  readonly share: number;
  /** What 95 of 100 settings without any effect would stay below, with the same groups. */
  readonly chance: number;
  /** Spearman's rank correlation with the metric; null if the values are not numbers. */
  readonly correlation: number | null;
}

/** Numbers with more different values than this are put into as many groups. */
const MOST_GROUPS = 4;
const SHUFFLES = 500;

/**
 * The main effect of each setting on the metric, largest first: the correlation ratio η² of one-way analysis of variance,
 * with the level that chance reaches in {@linkcode SHUFFLES} shuffles of the values. The random seed counts as a setting if
 * there are several: what it explains is noise. Settings that do not vary are left out; empty with fewer than three
 * trials, or when all values are equal.
 */
export function importanceOf(keys: readonly string[], trials: readonly ScoredTrial[]): Importance[] {
  const values = trials.map(({ value }) => value);
  if (trials.length < 3 || new Set(values).size < 2) return [];
  const columns = [
    ...keys.map((setting) => ({ setting, texts: trials.map(({ settings }) => settings[setting] ?? "") })),
    { setting: "seed", texts: trials.map(({ seed }) => String(seed)) },
  ];
  return columns.flatMap(({ setting, texts }): Importance[] => {
    const { groups, count } = groupsOf(texts);
    if (count < 2) return [];
    const share = correlationRatio(groups, count, values);
    const from = random(1, setting);
    const shuffled = Array.from({ length: SHUFFLES }, () => correlationRatio(groups, count, from.shuffle(values)));
    const chance = shuffled.sort((a, b) => a - b)[Math.floor(0.95 * SHUFFLES)]!;
    const numbers = numbersOf(texts);
    const correlation = numbers === undefined ? null : pearson(ranks(numbers), ranks(values));
    return [{ setting, groups: count, share, chance, correlation }];
  }).sort((a, b) => b.share - a.share);
}

function numbersOf(texts: readonly string[]): number[] | undefined {
  const numbers = texts.map((text) => text.trim() === "" ? NaN : Number(text));
  return numbers.every(Number.isFinite) ? numbers : undefined;
}

/** The group of each value: equal values together; of many different numbers, equally many neighbors. */
function groupsOf(texts: readonly string[]): { groups: number[]; count: number } {
  const different = [...new Set(texts)];
  const numbers = numbersOf(texts);
  if (numbers === undefined || different.length <= MOST_GROUPS) {
    return { groups: texts.map((text) => different.indexOf(text)), count: different.length };
  }
  const ordered = [...new Set(numbers)].sort((a, b) => a - b);
  const group = (number: number) => Math.floor(ordered.indexOf(number) * MOST_GROUPS / ordered.length);
  return { groups: numbers.map(group), count: MOST_GROUPS };
}

/** η²: the sum of squares between groups over that of all values. */
function correlationRatio(groups: readonly number[], count: number, values: readonly number[]): number {
  const [sums, sizes] = [new Float64Array(count), new Float64Array(count)];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  let all = 0;
  for (const [i, value] of values.entries()) {
    sums[groups[i]!]! += value - mean;
    sizes[groups[i]!]! += 1;
    all += (value - mean) ** 2;
  }
  const between = sums.reduce((total, sum, group) => total + (sizes[group] === 0 ? 0 : sum ** 2 / sizes[group]!), 0);
  return all === 0 ? 0 : Math.min(1, between / all);
}

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const ordered = values.toSorted((a, b) => a - b);
  return values.map((value) => (ordered.indexOf(value) + ordered.lastIndexOf(value)) / 2 + 1);
}

function pearson(a: readonly number[], b: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    ab += (value - ma) * (b[i]! - mb);
    aa += (value - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
