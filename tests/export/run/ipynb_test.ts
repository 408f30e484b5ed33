// A run as a notebook: whatever people wrote is text in it.
import assert from "node:assert/strict";
import { runNotebook } from "../../../lib/export/run/ipynb.ts";
import { parseNotebook } from "../../../lib/jupyter/mod.ts";
import { EVIL, evilAbout, evilView } from "../../report/sample.ts";

Deno.test("`runNotebook()` escapes what people wrote", async () => {
  const text = await runNotebook({ view: evilView(), runsFolder: "/a/runs", ...evilAbout() });
  const { cells } = parseNotebook(text, "x.ipynb");
  assert.ok(JSON.stringify(cells).includes("script"), "the run has text to escape");
  for (const cell of cells) {
    if (cell.cell_type === "code") {
      // What is in quotes stays in quotes.
      assert.doesNotThrow(() => new Function(`return async () => { ${cell.source.replace(/^import .*$/m, "")} }`));
      for (const output of cell.outputs) {
        const html = output.output_type === "display_data" ? String(output.data["text/html"] ?? "") : "";
        assert.ok(!html.includes(EVIL), cell.source);
      }
    } else {
      // Text in fences is text.
      assert.ok(!cell.source.replace(/^(`{3,})[^]*?^\1$/gm, "").includes("<script"), cell.source);
    }
  }
});
