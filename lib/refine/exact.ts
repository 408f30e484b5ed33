// Exact answers: numbers as fractions in lowest terms, and where a text states its answer.

/** A number as people write it: `-3`, `1,250`, `0.75`, `3/4`, `\frac{3}{4}`. Long ones are no answers. */
const NUMBER = String.raw`[-−+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d{1,30})?|\d{1,60}(?:\.\d{1,30})?(?:\s?\/\s?\d{1,60})?)`;

const WHOLE_NUMBER = new RegExp(`^${NUMBER}$`);

/**
 * A number in lowest terms, so that equal numbers are equal texts: `7`, `-3/4`.
 *
 * @returns undefined for what is not exactly one number
 *
 * @example
 * ```ts
 * import { exactNumber } from "@stitchbook/stitchbook/refine";
 * import assert from "node:assert/strict";
 *
 * assert.equal(exactNumber("0.750"), "3/4");
 * assert.equal(exactNumber("1,250"), "1250");
 * assert.equal(exactNumber("12 or 13"), undefined);
 * ```
 */
export function exactNumber(text: string): string | undefined {
  const number = text.trim();
  if (!WHOLE_NUMBER.test(number)) return undefined;
  const [above = "", below = "1"] = number.replaceAll(/[,+\s]/g, "").replace("−", "-").split("/");
  const [whole = "", decimals = ""] = above.split(".");
  const numerator = BigInt(whole + decimals);
  const denominator = 10n ** BigInt(decimals.length) * BigInt(below);
  if (denominator === 0n) return undefined;
  const shared = divisor(numerator < 0n ? -numerator : numerator, denominator);
  return denominator === shared ? String(numerator / shared) : `${numerator / shared}/${denominator / shared}`;
}

function divisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : divisor(b, a % b);
}

const MARK = /\banswer\b[*_]*\s*(?::|=|\bis\b:?)[*_]*\s*(.*)$/gim;
const BOXED = /\\boxed\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}/g;
/** One number, alone or as `x = 4`, `$5`, `12 apples`. */
const STATED = new RegExp(String.raw`^(?:[^\d=]*=\s*)?[$€£]?(${NUMBER})(?:\s*\p{L}+){0,2}$`, "u");

/**
 * The number that a text states as its answer: after the last `Answer:` or `the answer is`, to the end of the line, or
 * else in the last `\boxed{}`. It must be one number, perhaps with a unit; what comes before the last mark does not count.
 *
 * @returns in lowest terms; undefined if the text states no answer, or not exactly one number
 */
export function statedAnswer(text: string): string | undefined {
  const marked = [...text.matchAll(MARK)].at(-1)?.[1] ?? [...text.matchAll(BOXED)].at(-1)?.[0];
  if (marked === undefined) return undefined;
  const plain = marked.replaceAll(BOXED, "$1").replaceAll(/\\[dt]?frac\{(\d+)\}\{(\d+)\}/g, "$1/$2")
    .replaceAll(/\\[()[\],!;]|\\text|[*_`{}]/g, "").replace(/^\$(.*)\$(.?)$/, "$1$2").replace(/[.!\s]+$/, "").trim();
  const number = STATED.exec(plain)?.[1];
  return number === undefined ? undefined : exactNumber(number);
}

/** The last number on the first line, where models write problem and answer on one line: ` 12 - 5 = 7`. */
export function lineAnswer(text: string): string | undefined {
  const [line = ""] = text.split("\n", 1);
  const number = [...line.matchAll(new RegExp(String.raw`(?<![\d.])${NUMBER}`, "g"))].at(-1)?.[0];
  return number === undefined ? undefined : exactNumber(number);
}
