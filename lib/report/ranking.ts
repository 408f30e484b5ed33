// The figure and the tables of `deno task domains rank`, from its tables `ranking`, `gains`, `choice` and `stitch-mix`.
import type { RunView, Table } from "../run/mod.ts";
import { methodColors } from "../methods.ts";
import { type GainCell, gainsPanel } from "./figures/gains.ts";
import { type GainDot, predictedGainsPanels } from "./figures/predicted-gains.ts";
import type { Figure } from "./figures/plot.ts";
import { tableNamed } from "./results.ts";

/** What each probe gains on each domain; none for other experiments. */
export function gainsFigure(view: RunView): Figure | undefined {
  const rows = tableNamed(view, "gains")?.rows ?? [];
  const cells = rows.flatMap(({ probe, domain, gain, low, high }): GainCell[] => {
    if (typeof gain !== "number") return [];
    const interval = typeof low === "number" && typeof high === "number" ? [low, high] as const : undefined;
    return [{ probe: String(probe), domain: String(domain), gain, interval }];
  });
  if (cells.length === 0) return undefined;
  return {
    name: "gains",
    title: "Gains by probe and domain",
    caption: "Held-out bits per byte that each probe (row) saves against the seed on each domain (column), with 95 % " +
      "intervals: green helps, red harms, and gray is neither for sure. A frame marks each probe’s own domain.",
    legend: [],
    panels: [gainsPanel(cells)],
  };
}

/**
 * What probes gained against what the experts gained that they predict, from the tables `predicted-gains` of one run or of
 * several seeds; none for other experiments.
 */
export function predictedGainsFigure(views: readonly RunView[]): Figure | undefined {
  const rows = views.flatMap((view) => tableNamed(view, "predicted-gains")?.rows ?? []);
  const candidates = [...new Set(rows.map(({ candidate }) => String(candidate)))];
  const colors = methodColors(candidates.map((name) => `expert:${name}`));
  const colorOf = (candidate: unknown) => colors.get(`expert:${candidate}`)!;
  const dots = rows.flatMap(({ candidate, domain, predicted, realized }): GainDot[] =>
    typeof predicted === "number" && typeof realized === "number"
      ? [{ predicted, realized, color: candidate === domain ? colorOf(candidate) : undefined }]
      : []
  );
  if (dots.length === 0) return undefined;
  return {
    name: "predicted-gains",
    title: "Predicted and realized gains",
    caption:
      "Held-out bits per byte saved against the seed by a short probe and by the expert that it predicts, one dot " +
      "for each candidate, domain and random seed. Left: candidates on their own domains, in color. Right: also on all " +
      "others, as circles.",
    legend: candidates.map((label) => ({ label, color: colorOf(label) })),
    panels: predictedGainsPanels(dots),
  };
}

/** The tables on which candidates are ranked and chosen, for their own section of the report. */
export function rankingTables(view: RunView): Table[] {
  return ["ranking", "choice", "stitch-mix"].flatMap((name) => tableNamed(view, name) ?? []);
}

/** What was chosen, in words; undefined for other experiments. */
export function rankingVerdict({ cells }: RunView): string | undefined {
  const summary = cells.find(({ tables }) => tables.some(({ name }) => name === "choice"))?.summary;
  return summary === undefined || summary === "" ? undefined : `${summary[0]!.toUpperCase()}${summary.slice(1)}.`;
}
