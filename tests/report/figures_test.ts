// Figures: they show what was measured, are legible on light and dark pages, and are inert.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { lossCurve, lossPanel, thin } from "../../lib/report/figures/loss.ts";
import { inkOn, luminance } from "../../lib/report/figures/plot.ts";
import { parameterPanel, timePanel } from "../../lib/report/figures/cost.ts";
import { frontier } from "../../lib/report/figures/frontier.ts";
import { costQualityFigure, timeFigure } from "../../lib/report/cost-figures.ts";
import { matrixPanel } from "../../lib/report/figures/matrix.ts";
import { scorePanel } from "../../lib/report/figures/mean.ts";
import { differencesFigure, gatesFigure, lossFigure, matrixFigure, meanFigure } from "../../lib/report/figures.ts";
import { DIFFERENCE_COLORS, verdictOf } from "../../lib/report/figures/differences.ts";
import { figureHtml } from "../../lib/report/figures/figure-html.ts";
import { panelImage } from "../../lib/report/figures/panel-image.ts";
import { measureGrids } from "../../lib/report/results.ts";
import { METHOD_NAMES, methodColors, PALETTE } from "../../lib/methods.ts";
import { foldEvents, type MetricPoint } from "../../lib/run/mod.ts";
import { valuesBy } from "../run/results.ts";
import { runFigures } from "./figures.ts";
import { sampleEvents, sampleView } from "./sample.ts";

/** A cell that logged these points. */
const trained = (metrics: MetricPoint[]) => ({
  name: "seed",
  steps: 120,
  work: { tokens: 100, flops: 1_000, layers: 1 },
  startedAt: "2025-05-06T09:00:00.000Z",
  metrics,
});

const texts = (svg: string) => [...parseHTML(svg).document.querySelectorAll("text")].map((text) => text.textContent);

Deno.test("`runFigures()` draws all eight figures of a finished run, as well-formed SVG", () => {
  const figures = runFigures(sampleView());
  assert.deepEqual(figures.map(({ name }) => name), [
    "mean",
    "matrix",
    "differences",
    "gates",
    "cost-quality",
    "parameters",
    "time",
    "loss",
  ]);
  for (const panel of figures.flatMap(({ panels }) => panels)) {
    assert.match(panel, /^<svg .*<\/svg>$/s);
    assert.match(panel, / role="img"/);
    assert.doesNotMatch(panel, /NaN|Infinity|undefined|<style|<script/);
  }
});

Deno.test("`runFigures()` works at every moment of a run", () => {
  const events = sampleEvents();
  for (let end = 1; end <= events.length; end += 37) {
    for (const figure of runFigures(foldEvents(events.slice(0, end))!)) figureHtml(figure);
  }
});

Deno.test("`matrixFigure()` shows every score and marks the best of each domain", () => {
  const view = sampleView();
  const shown = texts(matrixFigure(view)!.panels[0]!);
  for (const method of Object.values(view.results!.methods)) {
    for (const value of Object.values(valuesBy(method, "bpb"))) {
      assert.ok(shown.includes(value.toFixed(3)), value.toFixed(3));
    }
  }
  const bold = [...parseHTML(matrixFigure(view)!.panels[0]!).document.querySelectorAll('[font-weight="800"] text')];
  assert.equal(bold.length, 5);
});

Deno.test("`matrixFigure()` marks the same scores as best as the table of results", () => {
  const view = sampleView();
  // Alike in two digits, apart in the third.
  for (const [i, method] of Object.values(view.results!.methods).entries()) {
    for (const one of method) if (one.name === "bpb") one.value = 2 + i / 1000;
  }
  const { document } = parseHTML(matrixFigure(view)!.panels[0]!);
  const bold = [...document.querySelectorAll('[font-weight="800"] text')].map(({ textContent }) => textContent);
  const table = measureGrids(view.results!, "scores")[0]!.rows.flat().filter(({ best }) => best).map(({ text }) =>
    text
  );
  assert.deepEqual(bold, table);
});

Deno.test("`matrixFigure()` explains the frame only if there is one", () => {
  const view = sampleView();
  assert.match(matrixFigure(view)!.caption, /a frame marks each expert’s own domain\.$/);
  const { methods } = view.results!;
  for (const name of Object.keys(methods)) if (name.startsWith("expert:")) delete methods[name];
  assert.match(matrixFigure(view)!.caption, /the best of a domain\.$/);
});

Deno.test("figures leave room for the longest label and for the names of domains", () => {
  const label = "without multilingual, from scratch";
  const left = (svg: string) => {
    const text = [...parseHTML(svg).document.querySelectorAll("text")].find(({ textContent }) =>
      textContent === label
    )!;
    return Number(/translate\(([\d.]+)/.exec(text.getAttribute("transform") ?? "")![1]);
  };
  const score = { label, color: "#000000", value: 2, interval: undefined };
  const count = { label, trained: 1, total: 2, active: 2 };
  for (
    const svg of [
      scorePanel([score, { ...score, label: "b" }], "x"),
      parameterPanel([count]),
      timePanel([{ label, seconds: 1, cached: false }]),
      matrixPanel([{ model: label, domain: "code", bpb: 2, seed: 2, best: true, own: false }]),
    ]
  ) {
    assert.ok(left(svg) > label.length * 5, `${left(svg)}`);
  }
  const domains = ["crosslingual", "declarations"];
  const svg = matrixPanel(domains.map((domain) => ({
    model: "a",
    domain,
    bpb: 2,
    seed: 2,
    best: false,
    own: false,
  })));
  const [a, b] = [...parseHTML(svg).document.querySelectorAll("text")].filter(({ textContent }) =>
    domains.includes(textContent)
  ).map((text) => Number(/translate\(([\d.]+)/.exec(text.getAttribute("transform") ?? "")![1]));
  assert.ok(b! - a! > 12 * 5.5, `${a} ${b}`);
});

Deno.test("any number of experts have different colors", () => {
  for (const count of [8, 9, 60]) {
    const experts = Array.from({ length: count }, (_, i) => `expert:${i}`);
    const colors = methodColors(["seed", ...experts, "soup", "btm", "bts"]);
    assert.equal(new Set(colors.values()).size, count + 4);
    const all = methodColors([...METHOD_NAMES.filter((name) => name !== "hub"), ...experts]);
    assert.equal(new Set(all.values()).size, all.size, "and so do all methods beside them");
  }
});

Deno.test("`matrixFigure()` marks nothing on a domain where all are equal", () => {
  const view = sampleView();
  for (const one of Object.values(view.results!.methods).flat()) if (one.group === "english") one.value = 2;
  const bold = [...parseHTML(matrixFigure(view)!.panels[0]!).document.querySelectorAll('[font-weight="800"] text')];
  assert.equal(bold.length, 4);
});

Deno.test("`matrixFigure()` takes a logged matrix while there are no results", () => {
  const view = { ...sampleView(), results: null };
  assert.equal(matrixFigure(view), undefined);
  view.cells[0]!.tables.push({
    name: "matrix",
    title: "",
    columns: [],
    rows: [{ domain: "code", seed: 2.5, "expert:code": 1.25 }],
  });
  const shown = texts(matrixFigure(view)!.panels[0]!);
  assert.ok(shown.includes("1.250") && shown.includes("−50 %"), shown.join());
});

Deno.test("`panelImage()` makes documents of panels: with both colors, no larger than drawn but for a margin", () => {
  for (const panel of runFigures(sampleView()).flatMap(({ panels }) => panels)) {
    const { svg, width, height, label } = panelImage(panel);
    const root = parseHTML(svg).document.querySelector("svg")!;
    const before = parseHTML(panel).document.querySelector("svg")!;
    assert.equal(Number(root.getAttribute("width")), width);
    assert.ok(width > Number(before.getAttribute("width")) && height > Number(before.getAttribute("height")));
    assert.equal(label, before.getAttribute("aria-label"));
    assert.match(svg, /^<svg [^>]*><style>svg\{color:#\w+\}@media \(prefers-color-scheme:dark\)/);
    assert.equal(root.children.length, before.children.length + 1);
  }
});

Deno.test("`panelImage()` makes well-formed XML whatever a method is called", () => {
  const [panel = ""] = runFigures(sampleView()).flatMap(({ panels }) => panels);
  const { document } = parseHTML(panel);
  const name = `<b>"law"</b> & more`;
  document.querySelector("svg")!.setAttribute("aria-label", name);
  document.querySelector("text")!.textContent = name;
  const { svg, label } = panelImage(document.querySelector("svg")!.outerHTML);
  assert.equal(label, name);
  // In XML neither a text nor an attribute has a bare one.
  assert.doesNotMatch(svg.replace(/<\/?[a-z][^<>]*>/gi, ""), /[<>]/);
});

Deno.test("`differencesFigure()` compares the run's method with every other, and experts on their own domains", () => {
  const view = sampleView();
  const rows = view.cells.flatMap(({ tables }) => tables).find(({ name }) => name === "comparisons")!.rows;
  rows.push({ method: "expert:code", against: "seed", domain: "code", difference: -0.6, low: -0.7, high: null });
  const figure = differencesFigure(view)!;
  const panels = new Set(rows.map(({ method, domain }) => `${String(method).startsWith("expert:")} ${domain}`));
  assert.equal(figure.panels.length, panels.size);
  const dots = figure.panels.flatMap((panel) => [...parseHTML(panel).document.querySelectorAll("circle")]);
  assert.equal(dots.length, rows.length);
  assert.equal(differencesFigure({ ...view, cells: [] }), undefined);
});

Deno.test("`verdictOf()` calls a difference clear only if its interval excludes none", () => {
  const verdict = (...interval: [number, number] | []) =>
    verdictOf({ label: "", value: -1, interval: interval.length === 0 ? undefined : interval });
  assert.deepEqual([verdict(-2, -0.1), verdict(0.1, 2), verdict(-1, 0), verdict(0, 1), verdict()], [
    "better",
    "worse",
    "unclear",
    "unclear",
    "unclear",
  ]);
  assert.equal(new Set(Object.values(DIFFERENCE_COLORS)).size, 3);
});

Deno.test("`gatesFigure()` stacks E2H shares to the full width and draws a panel a stitch", () => {
  const figure = gatesFigure(sampleView())!;
  assert.equal(figure.panels.length, 4);
  const bars = [...parseHTML(figure.panels[1]!).document.querySelectorAll("rect")];
  assert.equal(bars.length, 16);
  const ends = bars.map((bar) => Number(bar.getAttribute("x")) + Number(bar.getAttribute("width")));
  assert.ok(Math.abs(Math.max(...ends) - (300 - 16 - 1)) < 0.1, String(Math.max(...ends)));
});

Deno.test("`gatesFigure()` knows an expert by its domain alone", () => {
  const view = sampleView();
  const gates = view.cells.flatMap(({ tables }) => tables).find(({ name }) => name === "gates")!;
  const before = gatesFigure(view)!;
  for (const row of gates.rows) row.model = String(row.model).replace("expert:", "");
  assert.deepEqual(gatesFigure(view), before);
});

Deno.test("`lossFigure()` puts the experts into one panel and leaves out what is not finite", () => {
  const view = sampleView();
  view.cells[1]!.metrics.push({ step: 401, time: "", values: { loss: null, validation: null } });
  const figure = lossFigure(view)!;
  assert.equal(figure.panels.length, 3);
  assert.deepEqual(figure.legend.map(({ label }) => label), ["code expert", "math expert", "multilingual expert"]);
  assert.equal(lossPanel("empty", []), undefined);
});

Deno.test("`costQualityFigure()` names every method beside what it costs, and nothing covers a name", () => {
  const view = sampleView();
  const { panels } = costQualityFigure(view)!;
  const [parameters] = panels;
  const { document } = parseHTML(parameters!);
  const names = [...document.querySelectorAll("text")].filter(({ textContent }) =>
    ["Seed", "Soup", "BTM", "BTS", "code expert", "math expert", "multilingual expert"].includes(textContent)
  );
  assert.equal(names.length, 7);
  const heights = names.map((name) => Number(/,([-\d.]+)\)$/.exec(name.getAttribute("transform")!)![1]))
    .sort((a, b) => a - b);
  assert.ok(heights.every((y, i) => i === 0 || y - heights[i - 1]! > 12), heights.join(" "));
  assert.equal(document.querySelectorAll("circle").length, 7);
  assert.equal(costQualityFigure({ ...view, results: null }), undefined);
});

Deno.test("`frontier()` keeps what nothing beats in both, and equals", () => {
  const offer = (cost: number, loss: number) => ({ label: `${cost} ${loss}`, color: "#000000", cost, loss });
  const offers = [offer(1, 5), offer(2, 3), offer(2, 4), offer(3, 3), offer(4, 1), offer(4, 1), offer(0, 9)];
  assert.deepEqual(frontier(offers).map(({ label }) => label), ["0 9", "1 5", "2 3", "4 1", "4 1"]);
});

Deno.test("`timeFigure()` shows the display names of cells", () => {
  const view = sampleView();
  view.cells.at(-1)!.name = "evaluate:bts";
  const shown = texts(timeFigure(view)!.panels[0]!);
  for (const label of ["Data", "Seed", "code expert", "Stitch", "Evaluate BTS"]) {
    assert.ok(shown.includes(label), label);
  }
});

Deno.test("`thin()` keeps the mean, the last step and at most the given number of points", () => {
  const points = Array.from({ length: 1001 }, (_, step) => ({ step, loss: step }));
  const thinned = thin(points, 100);
  assert.ok(thinned.length <= 100);
  assert.equal(thinned.at(-1)!.step, 1000);
  assert.equal(thinned[0]!.loss, 5);
});

Deno.test("the loss figure draws a smoothed line over the raw one, which is fainter", () => {
  const noisy = Array.from({ length: 120 }, (_, i) => ({
    step: i + 1,
    time: "",
    values: {
      loss: 3 + 2 * Math.exp(-i / 30) + (i % 2 === 0 ? 0.3 : -0.3),
      ...(i % 40 === 39 ? { validation: 3.5 } : {}),
    },
  }));
  const curve = lossCurve("Seed", "#3a7fd5", trained(noisy));
  const roughness = (points: readonly { loss: number }[]) =>
    points.slice(1).reduce((sum, { loss }, i) => sum + Math.abs(loss - points[i]!.loss), 0);
  assert.ok(roughness(curve.smoothed) < roughness(curve.training) / 3);
  const bias = curve.smoothed[0]!.loss - curve.training[0]!.loss;
  assert.ok(Math.abs(bias) < 1e-9, `no bias toward 0 at the beginning: ${bias}`);
  const { document } = parseHTML(lossPanel("Seed", [curve])!);
  const lines = [...document.querySelectorAll("g[data-mark=line]")].map((group) => ({
    opacity: Number(group.getAttribute("stroke-opacity") ?? 1),
    width: Number(group.getAttribute("stroke-width")),
    length: group.querySelector("path")!.getAttribute("d")!.split("L").length,
  }));
  assert.deepEqual(lines.map(({ length }) => length), [120, 120, 3], "raw first, so that it lies behind");
  assert.ok(lines[0]!.opacity < lines[1]!.opacity / 2 && lines[0]!.width < lines[1]!.width);
});

Deno.test("a loss curve is drawn over steps, tokens, FLOPs or time, smoothed as it is told", () => {
  const cell = trained(Array.from({ length: 4 }, (_, i) => ({
    step: i + 1,
    time: `2025-05-06T09:00:0${i + 2}.000Z`,
    values: { loss: [4, 2, 4, 2][i]!, ...(i === 2 ? {} : { tokens: 25 * (i + 1) }) },
  })));
  const places = (x: "step" | "tokens" | "flops" | "time") =>
    lossCurve("Seed", "#3a7fd5", cell, { x }).training.map(({ step }) => step);
  assert.deepEqual(places("step"), [1, 2, 3, 4]);
  assert.deepEqual(places("tokens"), [25, 50, 50, 100]);
  assert.deepEqual(places("flops"), [250, 500, 500, 1_000]);
  assert.deepEqual(places("time"), [2, 3, 4, 5]);
  const smoothed = (smooth: number) =>
    lossCurve("Seed", "#3a7fd5", cell, { smooth }).smoothed.map(({ loss }) => Number(loss.toFixed(6)));
  assert.deepEqual(smoothed(0), [4, 2, 4, 2]);
  // By hand: weights 0.5, 0.25, … of what came before, divided by their sum.
  assert.deepEqual(smoothed(0.5), [4, 2.666667, 3.428571, 2.666667]);
  const curve = lossCurve("Seed", "#3a7fd5", cell, { x: "time" });
  const labels = texts(lossPanel("Seed", [curve], { x: "time", log: false })!);
  assert.ok(labels.some((label) => label!.startsWith("seconds")), labels.join());
  assert.equal(lossPanel("Seed", [lossCurve("Seed", "#3a7fd5", { ...cell, work: null }, { x: "flops" })]), undefined);
});

Deno.test("a loss curve of one point shows the point", () => {
  const point = (values: Record<string, number>) => lossCurve("x", "#3a7fd5", trained([{ step: 5, time: "", values }]));
  for (const curve of [point({ loss: 3 }), point({ validation: 3 })]) {
    const svg = lossPanel("x", [curve])!;
    assert.equal(parseHTML(svg).document.querySelectorAll("circle").length, 1);
    assert.doesNotMatch(svg, /NaN/);
  }
});

Deno.test("every color has 3:1 contrast on white and on a dark page, and its ink 4.5:1", () => {
  const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const experts = methodColors(Array.from({ length: 60 }, (_, i) => `expert:${i}`));
  for (const [name, color] of [...Object.entries(PALETTE), ...experts]) {
    assert.match(color, /^#[\da-f]{6}$/);
    assert.ok(contrast(luminance(color), 1) >= 3, `${name} on white: ${contrast(luminance(color), 1)}`);
    assert.ok(contrast(luminance(color), luminance("#15171b")) >= 3, `${name} on dark`);
    const ink = inkOn(color) === "#111" ? "#111111" : "#ffffff";
    assert.ok(contrast(luminance(color), luminance(ink)) >= 4.2, `ink on ${name}`);
  }
});

Deno.test("figures are inert whatever the names are", () => {
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>`;
  const text = JSON.stringify(sampleEvents()).replaceAll("multilingual", JSON.stringify(evil).slice(1, -1));
  for (const figure of runFigures(foldEvents(JSON.parse(text))!)) {
    const { document } = parseHTML(`<html><body>${figureHtml(figure)}</body></html>`);
    assert.equal(document.querySelectorAll("script, img").length, 0, figure.name);
    assert.equal([...document.querySelectorAll("*")].some((node) => node.getAttribute("onerror") !== null), false);
  }
  assert.ok(meanFigure(sampleView()));
});
