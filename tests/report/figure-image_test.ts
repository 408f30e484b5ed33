// A figure as one image: well formed, complete and inert.
import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { comparedLossFigure, figureImage, lossFigure, matrixFigure } from "../../lib/report/mod.ts";
import { sampleView } from "./sample.ts";

Deno.test("`figureImage()` has every panel, the legend and the caption, side by side without overlaps", () => {
  const view = sampleView();
  for (const figure of [lossFigure(view)!, matrixFigure(view)!, comparedLossFigure([view, view], ["a", "b"])!]) {
    const image = figureImage(figure);
    const { document } = parseHTML(image);
    const whole = document.querySelector("svg")!;
    const panels = [...whole.querySelectorAll("svg")].map((panel) => {
      const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(panel.getAttribute(name)));
      return { x: x!, y: y!, width: width!, height: height! };
    });
    assert.equal(panels.length, figure.panels.length);
    for (const [i, a] of panels.entries()) {
      assert.ok(a.x + a.width <= Number(whole.getAttribute("width")), figure.name);
      assert.ok(a.y + a.height <= Number(whole.getAttribute("height")), figure.name);
      for (const b of panels.slice(i + 1)) {
        assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y);
      }
    }
    const text = [...whole.querySelectorAll("text")].map((one) => one.textContent).join(" ").replace(/\s+/g, " ");
    assert.ok(text.includes(`${figure.title}. ${figure.caption.slice(0, 20)}`), text);
    for (const { label } of figure.legend) assert.ok(text.includes(label), label);
  }
});

Deno.test("`figureImage()` shows markup in titles, captions and legends as text", () => {
  const evil = `"><script>alert(1)</script>`;
  const figure = { name: "x", title: evil, caption: evil, legend: [{ label: evil, color: evil }], panels: [] };
  const { document } = parseHTML(`<html><body>${figureImage(figure)}</body></html>`);
  assert.equal(document.querySelectorAll("script").length, 0);
  assert.ok(document.body.textContent!.includes("<script>alert(1)</script>"));
});
