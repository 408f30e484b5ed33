// The section of the report on ranked domains: its figure and tables, from what the run logged.
import assert from "node:assert/strict";
import { gainsFigure, predictedGainsFigure, rankingTables, rankingVerdict } from "../../lib/report/ranking.ts";
import type { RunView } from "../../lib/run/mod.ts";

const gain = (probe: string, domain: string, gain: number, low: number | null, high: number | null) => ({
  probe,
  domain,
  gain,
  low,
  high,
});

const view = {
  cells: [{
    summary: "chosen: law",
    tables: [
      {
        name: "gains",
        title: "",
        columns: [],
        rows: [
          gain("law", "law", 0.5, 0.4, 0.6),
          gain("law", "poems", -0.2, -0.3, -0.1),
          gain("poems", "poems", 0.01, -0.01, 0.03),
          gain("poems", "law", 0.3, null, null),
        ],
      },
      { name: "choice", title: "", columns: [], rows: [] },
    ],
  }],
} as unknown as RunView;

Deno.test("the figure of gains has colors only where the interval excludes 0", () => {
  const [panel] = gainsFigure(view)!.panels;
  for (const text of ["+0.500", "−0.200", "+0.010", "[+0.40, +0.60]", "[−0.01, +0.03]"]) {
    assert.ok(panel!.includes(text));
  }
  const cells = panel!.match(/<g data-mark="cell"[\s\S]*?<\/g>/)![0];
  const fills = [...cells.matchAll(/<rect [^>]*fill="(#[0-9a-f]{6})"/g)].map(([, color]) => color!);
  const greener = (color: string) => parseInt(color.slice(3, 5), 16) - parseInt(color.slice(1, 3), 16);
  assert.equal(fills.length, 4);
  assert.ok(greener(fills[0]!) > 50 && greener(fills[1]!) < -50, fills.join());
  assert.deepEqual(fills.slice(2), ["#e6e4df", "#e6e4df"]);
});

Deno.test("predicted gains of several seeds are dots, in color on candidates' own domains", () => {
  const run = (shift: number) =>
    ({
      cells: [{
        tables: [{
          name: "predicted-gains",
          rows: ["law", "poems"].flatMap((candidate) =>
            ["law", "poems"].map((domain, d) => ({ candidate, domain, predicted: d + shift, realized: 2 * d + shift }))
          ),
        }],
      }],
    }) as unknown as RunView;
  const { panels: [own, all], legend } = predictedGainsFigure([run(0), run(0.1)])!;
  const circles = (panel: string) => panel.match(/<circle /g)!.length;
  assert.deepEqual([circles(own!), circles(all!)], [4, 8]);
  for (const { color } of legend) assert.ok(own!.includes(color));
});

Deno.test("runs of other experiments have neither figure nor tables", () => {
  const other = { cells: [] } as unknown as RunView;
  assert.equal(gainsFigure(other), undefined);
  assert.equal(predictedGainsFigure([other]), undefined);
  assert.deepEqual(rankingTables(other), []);
  assert.equal(rankingVerdict(other), undefined);
  assert.equal(rankingVerdict(view), "Chosen: law.");
});
