// What the paper found, or one would expect, against what a run found: direction by direction.
import { visibleDigits } from "../report/mod.ts";
import type { Table } from "../run/mod.ts";
import type { ComparisonRow } from "../bts/mod.ts";

/** That one method is better than another. */
export interface Direction {
  /** `Four stitches beat one` */
  readonly claim: string;
  readonly better: string;
  readonly worse: string;
  /** The domain whose bits per byte are compared, or `mean`. */
  readonly on: string;
  /** What the paper says, such as `28.1 against 27.0`; null where it says nothing and this is our expectation. */
  readonly paper: string | null;
}

/** Whether the difference of two scores in bits per byte bears the direction out. */
export function verdictOf(
  { low, high }: { readonly low: number | null; readonly high: number | null },
): "yes" | "no" | "unclear" {
  return low === null || high === null ? "unclear" : high < 0 ? "yes" : low > 0 ? "no" : "unclear";
}

/** The directions of a run, paired by document. */
export function directionsTable(rows: readonly (Direction & { readonly found: ComparisonRow })[]): Table {
  const text = (key: string, title: string) => ({ key, title, kind: "text" }) as const;
  const sizes = rows.flatMap(({ found: { difference, low, high } }) => [difference, low ?? 0, high ?? 0]);
  const digits = Math.max(4, visibleDigits(sizes));
  const number = (key: string, title: string) => ({ key, title, kind: "number", digits }) as const;
  return {
    name: "directions",
    title: "What the paper found, or one would expect, and what came out here, in bits per byte, paired by document " +
      "with 95 % intervals where there are enough documents (negative: as claimed)",
    columns: [
      text("claim", "claim"),
      text("paper", "paper"),
      text("here", "here"),
      text("on", "measured on"),
      number("difference", "difference"),
      number("low", "low"),
      number("high", "high"),
    ],
    rows: rows.map(({ claim, paper, on, found }) => ({
      claim,
      paper: paper ?? "not said",
      here: verdictOf(found),
      on,
      difference: found.difference,
      low: found.low,
      high: found.high,
    })),
  };
}
