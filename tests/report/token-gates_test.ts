// The page with the gates of a text.
import assert from "node:assert/strict";
import { type GateTrace, tokenGatesHtml } from "../../lib/report/mod.ts";

const trace: GateTrace = {
  run: "20260101-000000-bts-smoke-aaaa",
  title: "<b>Mine</b>",
  tokens: [{ id: 0, text: "⏹" }, { id: 5, text: "<script>" }, { id: 6, text: "&\n" }],
  segments: [{ label: "<i>one</i>", start: 0, end: 2 }, { label: "generated", start: 2, end: 3 }],
  stitches: [
    {
      stitch: 1,
      kind: "E2H",
      after: 2,
      models: ["seed", "code"],
      gates: [[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]],
      summaries: [{ mean: [0.625, 0.375], won: [1, 0], entropy: 0.9 }, {
        mean: [0.125, 0.875],
        won: [0, 1],
        entropy: 0.5,
      }],
    },
    {
      stitch: 2,
      kind: "H2E",
      after: 4,
      models: ["code"],
      gates: [[0.1], [0.2], [0.9]],
      summaries: [{ mean: [0.15], won: [1], entropy: null }, null],
    },
  ],
};

Deno.test("`tokenGatesHtml()` shades every token by its winner, and markup in texts and names is inert", () => {
  const html = tokenGatesHtml(trace);
  for (const inert of ["<script", "<b>Mine", "<i>one"]) assert.ok(!html.includes(inert), inert);
  assert.match(html, /<title>&lt;b&gt;Mine&lt;\/b&gt; · gates<\/title>/);
  assert.match(html, /title="Seed 12.5 %, code expert 87.5 %">&amp;/);
  assert.equal(html.match(/color-mix\(/g)?.length, 6, "three tokens in each of two stitches");
  // The last stitch comes first: it makes the output.
  assert.ok(html.indexOf("Stitch 2, after layer 4: hub into experts") < html.indexOf("Stitch 1, after layer 2"));
  assert.match(html, /wins 100.0/);
  assert.match(html, /default-src 'none'/);
});
