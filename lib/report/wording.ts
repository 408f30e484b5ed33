// A difference and its interval as one sentence: the direction in words, the size as a number.
import { fixed } from "./format.ts";

/** One statement, and whether the run supports it. */
export interface Claim {
  readonly holds: "yes" | "no" | "unclear";
  readonly text: string;
}

/** What is said of two methods. */
export interface Difference {
  /** Names as written within a sentence, such as `the soup`. */
  readonly one: string;
  readonly other: string;
  /** ` on code`; empty when it goes without saying. */
  readonly where: string;
  /** Bits per byte that `one` saves: positive when it is better. */
  readonly saved: number;
  /** 95 % interval of `saved`. */
  readonly interval: readonly [number, number] | undefined;
  readonly verdict: "better" | "worse" | "unclear";
  /** What comes before the period, such as ` (no interval was computed)`. */
  readonly remark: string;
}

/** Most decimals that a sentence shows: what rounds to 0 even then counts as 0. */
const MOST_DIGITS = 6;
/** Most decimals that are spent on making an interval's ends look different. */
const MOST_TO_TELL_APART = 4;

const isZero = (value: number, digits = MOST_DIGITS): boolean => Number(value.toFixed(digits)) === 0;

/**
 * How many decimals numbers need side by side: at least 2, and enough that nothing but 0 reads as 0 and that different
 * numbers look different.
 */
export function visibleDigits(values: readonly number[]): number {
  const alike = (digits: number) => new Set(values.map((x) => x.toFixed(digits))).size < new Set(values).size;
  let digits = 2;
  while (digits < MOST_DIGITS && values.some((x) => isZero(x, digits) && !isZero(x))) digits++;
  while (digits < MOST_TO_TELL_APART && alike(digits)) digits++;
  return digits;
}

/** Positive sizes of a difference and of its interval in the same direction: `0.14 bits per byte`, ` [0.12, 0.16]`. */
export function sizes(saved: number, interval: readonly [number, number] | undefined) {
  const digits = visibleDigits([saved, ...interval ?? []]);
  const size = (value: number) => fixed(Math.abs(value), digits);
  const [near, far] = [...interval ?? []].sort((a, b) => Math.abs(a) - Math.abs(b));
  const bracket = near === undefined || far === undefined ? "" : ` [${size(near)}, ${size(far)}]`;
  return { by: `${size(saved)} bits per byte`, bracket, size };
}

/** `BTS is 0.14 bits per byte behind …`: the sentence, with its period. */
export function differenceSentence({ one, other, where, saved, interval, verdict, remark }: Difference): string {
  const { by, bracket, size } = sizes(saved, interval);
  const side = (value: number) => isZero(value) ? "0" : `${size(value)} ${value > 0 ? "ahead" : "behind"}`;
  const ahead = isZero(saved) ? "they score the same" : `${one} is ${by} ${saved > 0 ? "ahead" : "behind"}`;
  const text = verdict === "better"
    ? `${one} beats ${other}${where} by ${by}${bracket}`
    : verdict === "worse"
    ? `${one} does not beat ${other}${where}: it is ${by} behind${bracket}`
    : interval === undefined
    ? `${one} and ${other} cannot be told apart${where}: ${ahead}`
    : `no clear difference between ${one} and ${other}${where}: ${ahead}, ` +
      `95 % interval from ${side(interval[0])} to ${side(interval[1])}`;
  return capital(`${text}${remark}.`);
}

/** `text` with a capital letter. */
export function capital(text: string): string {
  return text === "" ? "" : `${text[0]!.toUpperCase()}${text.slice(1)}`;
}

const LIST = new Intl.ListFormat("en-US");

/** `a`, `a and b`, `a, b, and c`. */
export const listed = (names: readonly string[]): string => LIST.format(names);
