// Accuracy against budget, one panel for each method beside the baseline.
import * as Plot from "@observablehq/plot";
import { PALETTE } from "../../methods.ts";
import { draw } from "./plot.ts";

/** Accuracy at one budget, in percent. */
export interface BudgetPoint {
  /** Mean tokens per problem. */
  readonly tokens: number;
  readonly accuracy: number;
  readonly low: number;
  readonly high: number;
}

/** Colors of the method and of the baseline in a panel. */
export const BUDGET_COLORS = { method: PALETTE.red, baseline: PALETTE.gray } as const;

/** What the panels of a figure share. */
export interface BudgetAxes {
  /** `B_total`, `B_seq` */
  readonly label: string;
  readonly tokens: readonly [number, number];
  readonly accuracy: readonly [number, number];
}

/** Percent solved over tokens, with 95 % intervals; tokens on a logarithmic axis. */
export function budgetPanel(
  title: string,
  points: readonly BudgetPoint[],
  baseline: readonly BudgetPoint[],
  { label, tokens, accuracy }: BudgetAxes,
): string {
  const marks = (all: readonly BudgetPoint[], color: string) => [
    Plot.ruleX(all, { x: "tokens", y1: "low", y2: "high", stroke: color, strokeWidth: 2.5, strokeOpacity: 0.4 }),
    Plot.line(all, { x: "tokens", y: "accuracy", stroke: color, strokeWidth: 1.6 }),
    Plot.dot(all, { x: "tokens", y: "accuracy", fill: color, r: 3 }),
  ];
  return draw(`${title}: problems solved over ${label}, in percent`, {
    width: 250,
    height: 190,
    marginLeft: 36,
    marginTop: 30,
    marginRight: 14,
    marginBottom: 38,
    x: {
      label: `${label}, tokens`,
      labelOffset: 36,
      type: "log",
      domain: [...tokens],
      ticks: 3,
      tickFormat: "~s",
    },
    y: { label: null, grid: true, ticks: 4, domain: [...accuracy] },
    marks: [
      Plot.text([title], { frameAnchor: "top-left", dx: -32, dy: -24, fontSize: 12, fontWeight: 600 }),
      ...marks(baseline, BUDGET_COLORS.baseline),
      ...marks(points, BUDGET_COLORS.method),
    ],
  });
}
