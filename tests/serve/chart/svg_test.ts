// The picture of a chart: well-formed whatever it is called, with every line, and within its frame.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { curvesOfRuns } from "../../../lib/serve/client/chart/curves.ts";
import { drawingOf } from "../../../lib/serve/client/chart/lines.ts";
import { chartSvg, type Picture } from "../../../lib/serve/client/chart/svg.ts";
import { sampleCell, sampleSeries } from "./sample.ts";

function picture(part: Partial<Picture> = {}): string {
  const loss = sampleSeries("loss", [8, 4, null, 1], { smooth: [8, 6, null, 3] });
  const cells = [sampleCell("seed", loss), sampleCell("<b>&\u0007", sampleSeries("loss", [5]))];
  const drawing = drawingOf(curvesOfRuns([{ run: "r", cells }], []), { log: false, hidden: new Set() });
  const theme = { background: "#fff", text: "#111", muted: "#666", grid: "#eee", series: Array(6).fill("#0f766e") };
  return chartSvg({
    title: 'A <title> & "more" 🙂',
    drawing,
    x: "step",
    log: false,
    xRange: [0, 4],
    yRange: [0, 10],
    theme,
    ...part,
  });
}

Deno.test("a picture has a line for each curve, breaks and single points, and text stays text", () => {
  const svg = picture();
  const { document } = parseHTML(`<!doctype html>${svg}`);
  const paths = [...document.querySelectorAll("g[clip-path] path")].map((path) => path.getAttribute("d")!);
  assert.equal(paths.length, 3);
  assert.deepEqual(paths.map((path) => path.match(/M/g)!.length), [2, 2, 1], "raw, smoothed, a single point");
  assert.equal(document.querySelectorAll("circle").length, 3);
  const texts = [...document.querySelectorAll("text")].map(({ textContent }) => textContent);
  assert.ok(
    texts.includes('A <title> & "more" 🙂') && texts.includes("SEED") && texts.includes("<B>&"),
    texts.join("|"),
  );
  assert.equal(document.querySelectorAll("title, b").length, 0);
  assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  assert.ok(!svg.includes("\u0007"));
});

Deno.test("a logarithmic picture, and one without points, are whole too", () => {
  assert.doesNotMatch(picture({ log: true, yRange: [0.9, 9] }), /NaN|Infinity/);
  const empty = { x: [], lines: [], masked: 0, broken: 0 };
  assert.doesNotMatch(picture({ drawing: empty, xRange: [0, 1], yRange: [0, 2] }), /NaN|undefined/);
});
