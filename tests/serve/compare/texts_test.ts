// Texts that runs kept: bounded, and never of another folder.
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Provenance } from "../../../lib/run/mod.ts";
import { keptText } from "../../../lib/serve/compare/texts.ts";
import { withRunsFolder } from "../../run/fake-run.ts";

Deno.test("a long text is its beginning and its end, in whole lines", () =>
  withRunsFolder(async (folder) => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i} é\n`);
    await Deno.writeTextFile(join(folder, "output.log"), lines.join(""));
    const text = (await keptText(folder, undefined, "console"))!;
    const found = text.split("\n").slice(0, -1);
    assert.ok(text.length < 140_000);
    const gap = found.findIndex((line) => line.startsWith("…"));
    assert.deepEqual(found.slice(0, gap), lines.slice(0, gap).map((line) => line.trimEnd()));
    const after = found.slice(gap + 1);
    assert.deepEqual(after, lines.slice(-after.length).map((line) => line.trimEnd()));
    assert.match(found[gap]!, /^… about \d+ bytes are left out …$/);
    await Deno.writeTextFile(join(folder, "output.log"), "one\ntwo");
    assert.equal(await keptText(folder, undefined, "console"), "one\ntwo\n");
    await Deno.writeTextFile(join(folder, "output.log"), "");
    assert.equal(await keptText(folder, undefined, "console"), undefined);
  }));

Deno.test("kept files are read by plain names only", () =>
  withRunsFolder(async (folder) => {
    await Deno.mkdir(join(folder, "captured"));
    await Deno.writeTextFile(join(folder, "captured", "1-code.diff"), "+a\n");
    await Deno.writeTextFile(join(folder, "captured", "1-untracked.diff"), "+b\n");
    await Deno.writeTextFile(join(folder, "secret"), "secret");
    await Deno.symlink(join(folder, "secret"), join(folder, "captured", "1-link"));
    const made = (diff: string | null, script: string | null = null) =>
      ({
        git: { diff: { file: diff }, untracked: { file: "1-untracked.diff" } },
        scriptFile: script,
        lock: null,
      }) as unknown as Provenance;
    assert.equal(await keptText(folder, made("1-code.diff"), "changes"), "+a\n+b\n");
    for (const name of ["../secret", "/etc/passwd", "1-link", "..", "none", ""]) {
      assert.equal(await keptText(folder, made(null, name), "script"), undefined, name);
    }
    assert.equal(await keptText(folder, undefined, "packages"), undefined);
  }));
