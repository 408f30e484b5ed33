// The figures of the instability experiment: drawn from its tables and curves, and absent for every other run.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { linesPanel, thinKeepingPeaks } from "../../lib/report/figures/instability.ts";
import { instabilityFigures, isArm } from "../../lib/report/instability.ts";
import { runFigures } from "./figures.ts";
import { reportMarkdown } from "../../lib/report/markdown.ts";
import { reportHtml } from "../../lib/report/page.ts";
import type { CellView, RunView, Table } from "../../lib/run/mod.ts";
import { sampleView } from "./sample.ts";

Deno.test("an arm of one step shows the step", () => {
  const svg = linesPanel("x", [{ label: "x", color: "#3a7fd5", points: [{ step: 1, value: 4 }] }], { log: true });
  assert.equal(parseHTML(svg).document.querySelectorAll("circle").length, 1);
  assert.doesNotMatch(svg, /NaN/);
});

const SPIKE = 120;

/** A finished run of two arms, the first of which spikes at step 120. */
function view(): RunView {
  const base = sampleView();
  const arm = (name: string, spikes: boolean): CellView => ({
    ...base.cells[1]!,
    name,
    title: name,
    tables: [],
    artifacts: [],
    notes: [],
    metrics: Array.from({ length: 400 }, (_, i) => ({
      step: i + 1,
      time: base.startedAt,
      values: {
        loss: spikes && i + 1 === SPIKE ? 3.5 : 0.01,
        "attention/bimodality": spikes && Math.abs(i + 1 - SPIKE) < 2 ? 0.95 : 0.3,
        "mlp/bimodality": 0.25,
      },
    })),
  });
  const table = (name: string, columns: string[], rows: Table["rows"]): Table => ({
    name,
    title: `Table ${name}`,
    rows,
    columns: columns.map((key) => ({ key, title: key.replace(/^(\S+) (\S+)$/, "$2, at $1"), kind: "text" as const })),
  });
  const report: CellView = {
    ...arm("report", false),
    metrics: [],
    tables: [
      table("outcomes", ["arm", "what"], [{ arm: "plain", what: "nothing" }, { arm: "clip", what: "clips" }]),
      table("warnings", ["arm", "spike"], [{ arm: "plain", spike: String(SPIKE) }]),
      table("update-ratios", ["u", "-1 attention", "0 attention"], [
        { u: -0.5, "-1 attention": 0.01, "0 attention": 0.5 },
        { u: 0, "-1 attention": 0.98, "0 attention": 0 },
        { u: 0.5, "-1 attention": 0.01, "0 attention": 0.5 },
      ]),
    ],
  };
  return {
    ...base,
    cells: [arm("plain", true), arm("clip", false), report],
    results: { domains: [], measures: [], methods: {} },
  };
}

Deno.test("`instabilityFigures()` draws signs, histograms and every arm, and nothing for other experiments", () => {
  const figures = instabilityFigures(view());
  assert.deepEqual(figures.map(({ name, panels }) => [name, panels.length]), [
    ["signs", 2],
    ["update-ratios", 2],
    ["arms", 2],
  ]);
  for (const { panels } of figures) {
    for (const panel of panels) assert.ok(parseHTML(panel).document.querySelector("svg path") !== null);
  }
  assert.match(figures[0]!.caption, /step 120/);
  assert.deepEqual(instabilityFigures(sampleView()), []);
  assert.ok(
    isArm(view(), view().cells[0]!) && !isArm(view(), view().cells[2]!) && !isArm(sampleView(), view().cells[0]!),
  );
});

Deno.test("The report of the instability experiment has its figures once, and no empty table of methods", () => {
  const html = reportHtml(view());
  const { document } = parseHTML(html);
  const figures = [...document.querySelectorAll("figure")].map(({ id }) => id);
  assert.deepEqual(figures.slice(0, 3), ["figure-signs", "figure-update-ratios", "figure-arms"]);
  assert.equal(new Set(figures).size, figures.length);
  assert.ok(!figures.includes("figure-loss"), "the arms' losses are drawn once");
  assert.ok(html.includes("Table outcomes") && !html.includes("bits per byte"));
  assert.match(reportMarkdown(view()), /## Instability\n\nTable outcomes/);
  assert.ok(runFigures(view()).some(({ name }) => name === "signs"));
});

Deno.test("`thinKeepingPeaks()` keeps the highest of neighboring points", () => {
  const points = Array.from({ length: 1000 }, (_, i) => ({ step: i, value: i === 777 ? 9 : 1 }));
  const thin = thinKeepingPeaks(points);
  assert.ok(thin.length <= 300 && thin.some(({ step, value }) => step === 777 && value === 9));
  assert.deepEqual(thinKeepingPeaks(points.slice(0, 300)), points.slice(0, 300));
});
