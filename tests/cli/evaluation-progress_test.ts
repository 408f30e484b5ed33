// Progress of evaluations: one line on a terminal, a line for each part elsewhere.
import assert from "node:assert/strict";
import { showProgress } from "../../lib/cli/evaluation-progress.ts";

function shown(isTerminal: boolean): string {
  let written = "";
  {
    using progress = showProgress("bts", { isTerminal, write: (text) => void (written += text) });
    const common = { unit: "documents", kept: 2, total: 8 };
    progress.show({ part: "capitals", done: 2, ...common });
    progress.show({ part: "capitals", done: 3, ...common });
    progress.show({ part: "sums", done: 6, note: "1 passed", ...common });
  }
  return written;
}

Deno.test("`showProgress()` writes over its line on a terminal, and leaves nothing", () => {
  const parts = shown(true).split("\r\x1b[2K");
  assert.deepEqual(parts.slice(0, 2), ["", "bts: capitals, 2 of 8 documents (2 kept)"]);
  assert.match(parts[2]!, /^bts: capitals, 3 of 8 documents \(2 kept\), .+ left$/);
  assert.match(parts[3]!, /^bts: sums, 6 of 8 documents \(2 kept\), 1 passed, .+ left$/);
  assert.deepEqual(parts.slice(4), [""]);
});

Deno.test("`showProgress()` writes a line for each part where lines cannot be written over", () => {
  assert.match(
    shown(false),
    /^bts: capitals, 2 of 8 documents \(2 kept\)\nbts: sums, 6 of 8 documents \(2 kept\), 1 passed, .+ left\n$/,
  );
});
