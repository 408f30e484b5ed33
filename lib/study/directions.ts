// Directions: which of two methods the paper found to be better, or one would expect to be, compared with a run.
import type { ComparisonRow } from "../bts/mod.ts";
import { visibleDigits } from "../report/mod.ts";
import { numberColumn, type Table, textColumn } from "../run/mod.ts";

/** The claim that one method is better than another. */
export interface Direction {
  /** `Four stitches beat one` */
  readonly claim: string;
  readonly better: string;
  readonly worse: string;
  /** The domain whose bits per byte are compared, or `mean`. */
  readonly on: string;
  /** What the paper reports; null if nothing. */
  readonly paper: PaperFinding | null;
}

/** What the paper reports about a claim. */
export interface PaperFinding {
  readonly finding: "yes" | "no" | "no difference" | "claimed, not shown";
  /** Its scores: `28.1 against 27.0`. */
  readonly scores?: string;
}

/** The direction in which `better` is expected to beat `worse`; null: the paper reports nothing. */
export function direction(
  claim: string,
  better: string,
  worse: string,
  paper: PaperFinding | null = null,
  on = "mean",
): Direction {
  return { claim, better, worse, on, paper };
}

/** The paper's finding as text: `yes: 28.1 against 27.0`. */
export function paperText(paper: PaperFinding | null): string {
  if (paper === null) return "no result";
  return paper.scores === undefined ? paper.finding : `${paper.finding}: ${paper.scores}`;
}

/** Whether the interval of a difference in bits per byte, `better` minus `worse`, supports the claim. */
export function verdictOf(
  { low, high }: { readonly low: number | null; readonly high: number | null },
): "yes" | "no" | "unclear" {
  return low === null || high === null ? "unclear" : high < 0 ? "yes" : low > 0 ? "no" : "unclear";
}

/** The directions of a run, paired by document. */
export function directionsTable(rows: readonly (Direction & { readonly found: ComparisonRow })[]): Table {
  const sizes = rows.flatMap(({ found: { difference, low, high } }) => [difference, low ?? 0, high ?? 0]);
  const digits = Math.max(4, visibleDigits(sizes));
  return {
    name: "directions",
    title: "Claims and this run's differences in bits per byte, paired by document, with 95 % intervals if there are " +
      "enough documents (negative: as claimed)",
    columns: [
      textColumn("claim", "claim"),
      textColumn("paper", "paper"),
      textColumn("here", "here"),
      textColumn("on", "measured on"),
      numberColumn("difference", "difference", digits),
      numberColumn("low", "low", digits),
      numberColumn("high", "high", digits),
    ],
    rows: rows.map(({ claim, paper, on, found }) => ({
      claim,
      paper: paperText(paper),
      here: verdictOf(found),
      on,
      difference: found.difference,
      low: found.low,
      high: found.high,
    })),
  };
}
