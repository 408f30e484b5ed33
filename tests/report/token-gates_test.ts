// The page with the gates of a text.
import assert from "node:assert/strict";
import { tokenGatesHtml } from "../../lib/report/mod.ts";
import { gateTrace as trace } from "./gate-trace.ts";

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
