// While much text is read, there is a line now and then; for little text there is none.
import assert from "node:assert/strict";
import { readingReport } from "../../lib/bts/experiment.ts";

Deno.test("`readingReport()` says every ten seconds how much was read, and nothing before", () => {
  const lines: string[] = [];
  let now = 0;
  const onRead = readingReport((text) => lines.push(text), () => now);
  for (let i = 0; i < 100; i++) {
    onRead(i * 1_000_000);
    now += 250;
  }
  assert.deepEqual(lines, ["Reading text: 40.0 MB so far", "Reading text: 80.0 MB so far"]);
});
