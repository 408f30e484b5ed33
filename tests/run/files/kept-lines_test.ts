// Files of kept lines: which folder fits what they depend on.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { checkKeptFiles, folderThatFits, openKeptLines } from "../../../lib/run/files/kept-lines.ts";
import { withFolder } from "../fixtures.ts";

const write = async (folder: string, name: string, conditions: Readonly<Record<string, unknown>>) => {
  using lines = await openKeptLines(join(folder, name), { conditions, read: (json) => json, keyOf: String });
  lines.add(7);
};

Deno.test("`checkKeptFiles()` names what is different, within objects too", () =>
  withFolder(async (folder) => {
    await write(folder, "a.jsonl", { model: "x", generation: { until: ["."], maxTokens: 6 } });
    await checkKeptFiles(folder, [{
      name: "a.jsonl",
      conditions: { model: "x", generation: { until: ["."], maxTokens: 6 } },
    }]);
    const now = { model: "y", generation: { until: ["."], maxTokens: 8 }, fewshot: 3 };
    await assert.rejects(
      checkKeptFiles(folder, [{ name: "b.jsonl", conditions: now }, { name: "a.jsonl", conditions: now }]),
      (error) =>
        error instanceof UserError && error.code === "evaluation.conditions" &&
        /made differently: model "x", now "y"; generation\.maxTokens 6, now 8; fewshot nothing, now 3$/.test(
          error.message,
        ),
    );
    await Deno.writeTextFile(join(folder, "c.jsonl"), "some text\n");
    await assert.rejects(checkKeptFiles(folder, [{ name: "c.jsonl", conditions: now }]), /is not a file of answers/);
  }));

Deno.test("`folderThatFits()` gives each kind of conditions a folder, the same one each time", () =>
  withFolder(async (parent) => {
    const base = join(parent, "bts");
    const files = (bos: string) => ["a", "b"].map((name) => ({ name: `${name}.jsonl`, conditions: { bos } }));
    assert.deepEqual(await folderThatFits(base, files("always")), { folder: base });
    await write(base, "b.jsonl", { bos: "always" });
    const { folder, different } = await folderThatFits(base, files("never"));
    assert.equal(folder, `${base}-2`);
    assert.match(different!, /bts.b\.jsonl were made differently: bos "always", now "never"/);
    await write(folder, "a.jsonl", { bos: "never" });
    assert.equal((await folderThatFits(base, files("never"))).folder, `${base}-2`);
    assert.equal((await folderThatFits(base, files("tokenizer"))).folder, `${base}-3`);
    assert.deepEqual(await folderThatFits(base, files("always")), { folder: base });
  }));
