// The curve of quality against cost over several seeds, as Markdown for the results page.
import {
  type Figure,
  fixed,
  frontierPanel,
  type Grid,
  gridMarkdown,
  hasInterval,
  meanInterval,
  seedsBasis,
} from "../../../lib/report/mod.ts";
import { methodColors } from "../../../lib/methods.ts";
import { HEADLINE, type RunView, seedOf, type Table, valueOf } from "../../../lib/run/mod.ts";

/** The table of each arm's cell with the shares of tokens that its experts have read. */
export const SHARES_TABLE = "tokens-run";

/** What skipping loses, and what it saves, for each variant. */
export function skippingFindings(views: readonly RunView[]): string[] {
  const arms = armsOf(views);
  if (arms.length === 0) return [];
  return [
    "Quality against cost: bits per byte lost against running all experts (paired by seed), the share of tokens that an " +
    "expert reads, FLOPs of a forward pass per token of held-out text, and the measured time per generated token, which " +
    `depends on the machine and its load; ${seedsBasis(views.map(seedOf))}:`,
    gridMarkdown(curveGrid(views, arms)),
  ];
}

/** Bits per byte against FLOPs and time per token, means over the seeds. */
export function skippingFigures(views: readonly RunView[]): Figure[] {
  const arms = armsOf(views);
  if (arms.length === 0) return [];
  const colors = methodColors(arms);
  const panel = (title: string, axis: string, cost: (view: RunView, arm: string) => number) =>
    frontierPanel(
      title,
      axis,
      arms.map((arm) => ({
        label: arm,
        color: colors.get(arm)!,
        cost: meanInterval(views.map((view) => cost(view, arm))).mean,
        loss: meanInterval(views.map((view) => lossOf(view, arm))).mean,
      })),
    );
  return [{
    name: "skipping",
    title: "Skipping experts: quality against cost",
    caption: `Held-out bits per byte against what a token costs, ${seedsBasis(views.map(seedOf))}; lower and further ` +
      "left is better. The dashed line joins the variants that no other beats in both (in bold).",
    legend: [],
    panels: [
      panel("Computed", "FLOPs per token of held-out text", (view, arm) => 1e6 * flopsOf(view, arm)),
      panel("Measured", "milliseconds per generated token", latencyOf),
    ],
  }];
}

/** Names of the variants, the one that runs all experts first. */
const armsOf = (views: readonly RunView[]): string[] =>
  Object.keys(views[0]?.results?.methods ?? {}).filter((name) => name !== "seed");

const lossOf = (view: RunView, arm: string) => valueOf(view.results!.methods[arm], HEADLINE)!;
const latencyOf = (view: RunView, arm: string) =>
  valueOf(view.results!.methods[arm], { name: "decoding-latency", group: "" })!;
/** Millions. */
const flopsOf = (view: RunView, arm: string) => Number(rowOf(view, arm)["forward-flops"]);

function curveGrid(views: readonly RunView[], arms: readonly string[]): Grid {
  const over = (values: readonly number[], digits: number) => {
    const { mean, halfWidth } = meanInterval(values);
    return {
      text: fixed(mean, digits),
      ...(hasInterval(values.length) ? { aside: `± ${fixed(halfWidth, digits)}` } : {}),
    };
  };
  return {
    caption: "",
    columns: [
      { title: "experts that rest", numeric: false },
      ...["bits per byte lost", "tokens read, %", "MFLOPs/token", "ms/token"].map((title) => ({
        title,
        numeric: true,
      })),
    ],
    rows: arms.map((arm) => [
      { text: arm === arms[0] ? "none" : arm },
      over(views.map((view) => lossOf(view, arm) - lossOf(view, arms[0]!)), 4),
      over(views.map((view) => meanShare(view, arm)), 1),
      over(views.map((view) => flopsOf(view, arm)), 2),
      over(views.map((view) => latencyOf(view, arm)), 2),
    ]),
  };
}

/** The mean share of tokens that an expert reads, in percent. */
function meanShare(view: RunView, arm: string): number {
  const { rows } = tableOf(view, `evaluate:${arm}`, SHARES_TABLE);
  return rows.reduce((sum, { share }) => sum + Number(share), 0) / rows.length;
}

function rowOf(view: RunView, arm: string): Table["rows"][number] {
  return tableOf(view, "report", "variants").rows.find(({ method }) => method === arm)!;
}

function tableOf(view: RunView, cell: string, name: string): Table {
  return view.cells.find((one) => one.name === cell)!.tables.find((table) => table.name === name)!;
}
