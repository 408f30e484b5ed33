// Texts in the boxes of the graph of cells.
import assert from "node:assert/strict";
import { fitted } from "../../../lib/serve/client/run/graph.tsx";

Deno.test("only texts of wide letters are squeezed into their room", () => {
  for (const text of ["Seed", "multilingual", "code expert"]) assert.deepEqual(fitted(text, 113, 13), {}, text);
  for (const text of ["m".repeat(15), "日本語のとても長い名前です"]) {
    assert.deepEqual(fitted(text, 113, 13), { textLength: 113, lengthAdjust: "spacingAndGlyphs" }, text);
  }
});
