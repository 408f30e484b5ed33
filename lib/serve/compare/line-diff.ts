// What differs between two texts, line by line, with a few equal lines around.
import { diffArrays } from "diff";

/** A line of one text or of both. */
export interface DiffLine {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

/** A part of the difference: lines, or how many equal ones are left out. */
export type DiffPart = DiffLine | { readonly kind: "skipped"; readonly count: number };

/** The difference of two texts. */
export interface LineDiff {
  /** Empty if the texts are equal. */
  readonly parts: readonly DiffPart[];
  /** How many lines only one of the texts has. */
  readonly removed: number;
  readonly added: number;
  /** Further parts that are left out. */
  readonly cut: number;
}

/** Equal lines that are shown before and after others. */
const CONTEXT = 3;
/** How lines are compared. */
export interface LineDiffOptions {
  /** Whether lines that differ only in numbers are equal. @default false */
  readonly sameNumbers?: boolean;
  /** Most parts. @default 1,000 */
  readonly most?: number;
}

/** Most parts that are shown. */
const MOST_PARTS = 1_000;
/** Texts that take longer to compare have too little in common for a comparison to tell anything. */
const MOST_MS = 1_000;

/** The difference; `undefined` when the texts have too little in common. */
export function lineDiff(
  a: string,
  b: string,
  { sameNumbers = false, most = MOST_PARTS }: LineDiffOptions = {},
): LineDiff | undefined {
  const [before, after] = [linesOf(a), linesOf(b)];
  const keyOf = sameNumbers ? (line: string) => line.replace(NUMBER, "0") : (line: string) => line;
  // Keys are compared, which is fast, and the lines themselves are shown.
  const changes = diffArrays(before.map(keyOf), after.map(keyOf), { timeout: MOST_MS });
  if (changes === undefined) return undefined;
  const parts: DiffPart[] = [];
  let [removed, added, i, j] = [0, 0, 0, 0];
  for (const [at, { count, removed: isRemoved, added: isAdded }] of changes.entries()) {
    if (isRemoved) {
      parts.push(...before.slice(i, i += count).map((text) => ({ kind: "removed" as const, text })));
      removed += count;
    } else if (isAdded) {
      parts.push(...after.slice(j, j += count).map((text) => ({ kind: "added" as const, text })));
      added += count;
    } else {
      const same = after.slice(j, j + count).map((text) => ({ kind: "same" as const, text }));
      [i, j] = [i + count, j + count];
      const [first, last] = [at === 0 ? 0 : CONTEXT, at === changes.length - 1 ? 0 : CONTEXT];
      const skipped = count - first - last;
      // A line that says that one line is left out would gain nothing.
      if (skipped < 2) parts.push(...same);
      else parts.push(...same.slice(0, first), { kind: "skipped", count: skipped }, ...same.slice(count - last));
    }
  }
  if (removed + added === 0) return { parts: [], removed, added, cut: 0 };
  return { parts: parts.slice(0, most), removed, added, cut: Math.max(0, parts.length - most) };
}

/** Numbers with their signs and exponents: `-1,024.5e-3`. */
const NUMBER = /[-+−]?\d[\d.,:]*(e[-+]?\d+)?/gi;

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
