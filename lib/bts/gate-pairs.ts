// Which experts the gates cannot tell apart: two whose gates are nearly equal at every token.
import { studentQuantile } from "../statistics.ts";
import { stitchKind, type TokenGates } from "../stitch/mod.ts";

/** How the gates of two experts compare. */
export interface GatePair {
  /** Numbers of the experts, from 1. */
  readonly experts: readonly [number, number];
  /** `Σ |g_a − g_b| / Σ (g_a + g_b)`: 0 if the gates are equal at every token, 1 if never both are open. */
  readonly difference: number;
  /** Ends of its 95 % interval over texts; null for fewer than two texts. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Pearson's correlation of both gates over tokens; null where one of them never changes. */
  readonly correlation: number | null;
}

/** Experts whose gates differ by less cannot be told apart. */
export const ALIKE = 0.1;

/** Whether the gates cannot tell two experts apart: the whole interval of the difference is below {@linkcode ALIKE}. */
export function isAlike({ interval }: GatePair, below: number = ALIKE): boolean {
  return interval !== null && interval[1] < below;
}

/**
 * All pairs of experts, the most alike first. The sums are over the tokens of all texts and all stitches whose gates are
 * shares of the hub's new state. The interval is that of a ratio of means over texts, with Student's t (Cochran 1977, §6.3).
 *
 * @param texts of each, the gates by stitch
 * @param experts n
 */
export function gatePairs(texts: readonly (readonly TokenGates[])[], experts: number): GatePair[] {
  const pairs: GatePair[] = [];
  for (let a = 1; a <= experts; a++) for (let b = a + 1; b <= experts; b++) pairs.push(comparePair(texts, a, b));
  return pairs.sort((one, other) => one.difference - other.difference);
}

function comparePair(texts: readonly (readonly TokenGates[])[], a: number, b: number): GatePair {
  const both = texts.map((stitches) =>
    stitches.filter(({ kind }) => stitchKind(kind).shares).flatMap(({ models, gates }) => {
      const [i, j] = [models.indexOf(a), models.indexOf(b)];
      return gates.map((row) => [row[i]!, row[j]!] as const);
    })
  );
  const apart = both.map((rows) => sum(rows.map(([x, y]) => Math.abs(x - y))));
  const whole = both.map((rows) => sum(rows.map(([x, y]) => x + y)));
  const difference = sum(apart) / sum(whole);
  const count = texts.length;
  let interval: GatePair["interval"] = null;
  if (count > 1) {
    const squares = sum(apart.map((value, i) => (value - difference * whole[i]!) ** 2));
    const error = Math.sqrt(squares * count / (count - 1)) / sum(whole);
    const half = studentQuantile(count - 1) * error;
    interval = [Math.max(0, difference - half), Math.min(1, difference + half)];
  }
  return { experts: [a, b], difference, interval, correlation: correlation(both.flat()) };
}

function correlation(rows: readonly (readonly [number, number])[]): number | null {
  const mean = [0, 1].map((i) => sum(rows.map((row) => row[i]!)) / rows.length) as [number, number];
  const moment = (i: number, j: number) => sum(rows.map((row) => (row[i]! - mean[i]!) * (row[j]! - mean[j]!)));
  const scale = Math.sqrt(moment(0, 0) * moment(1, 1));
  return scale > 0 ? moment(0, 1) / scale : null;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
