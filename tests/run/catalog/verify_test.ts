// Verifying a run: intact files are good, and every damaged file is named with what is wrong.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { listCommand } from "../../../lib/cli/ls.ts";
import { verifyCommand } from "../../../lib/cli/verify.ts";
import { beginRun, type Verification } from "../../../lib/run/mod.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

async function trainedRun(folder: string, seed: number): Promise<{ id: string; cell: string }> {
  const run = await beginRun(options(folder, { seed }));
  const spec = { name: "expert:code", title: "", description: "", inputs: { seed }, code: import.meta };
  const cell = await run.cell({ ...spec, output: z.null() }, async (context) => {
    await Deno.writeTextFile(join(context.folder, "model.safetensors"), `weights ${seed}`);
    await Deno.writeTextFile(join(context.folder, "config.json"), "{}");
    return null;
  });
  run.finish(emptyResults);
  return { id: run.id, cell: cell.folder };
}

async function verify(folder: string, id: string): Promise<Verification & { text: string }> {
  let [json, text] = ["", ""];
  const ok = await verifyCommand([id, "--runs", folder, "--json"], (piece) => json += piece);
  assert.equal(await verifyCommand([id, "--runs", folder], (piece) => text += piece), ok);
  const found = JSON.parse(json);
  assert.equal(found.ok, ok);
  return { ...found, text };
}

Deno.test("`verifyCommand()` prints equal hashes for equal weights only", () =>
  withFolder(async (folder) => {
    const runs = [await trainedRun(folder, 1), await trainedRun(folder, 1), await trainedRun(folder, 2)];
    const found = await Promise.all(runs.map(({ id }) => verify(folder, id)));
    assert.deepEqual(found.map(({ ok }) => ok), [true, true, true]);
    const [first, second, third] = found.map(({ weights }) => weights);
    assert.deepEqual(Object.keys(first!), ["expert:code/model.safetensors"]);
    assert.deepEqual(first, second);
    assert.notDeepEqual(first, third);
    assert.match(found[0]!.text, /config\.json.*good[\s\S]*All 3 files are unchanged$/);
  }));

const harms: readonly (readonly [string, (cell: string) => Promise<void>, RegExp])[] = [
  ["cut by a byte", (cell) => Deno.truncate(join(cell, "model.safetensors"), 8), /8 bytes instead of 9/],
  [
    "changed by a bit",
    (cell) => Deno.writeTextFile(join(cell, "model.safetensors"), "weights 0"),
    /content has changed/,
  ],
  ["emptied", (cell) => Deno.truncate(join(cell, "model.safetensors")), /0 bytes instead of 9/],
  ["deleted", (cell) => Deno.remove(join(cell, "model.safetensors")), /it is missing/],
  ["replaced by a folder", async (cell) => {
    await Deno.remove(join(cell, "model.safetensors"));
    await Deno.mkdir(join(cell, "model.safetensors"));
  }, /cannot be read|instead of 9/],
];
for (const [title, harm, problem] of harms) {
  Deno.test(`\`verifyCommand()\` names a weights file that was ${title}`, () =>
    withFolder(async (folder) => {
      const { id, cell } = await trainedRun(folder, 1);
      await harm(cell);
      const { ok, artifacts, damage, text } = await verify(folder, id);
      assert.equal(ok, false);
      assert.deepEqual(damage, []);
      const bad = artifacts.filter(({ problem }) => problem !== null);
      assert.deepEqual(bad.map(({ artifact }) => artifact), ["expert:code/model.safetensors"]);
      assert.match(bad[0]!.problem!, problem);
      assert.match(text, /damaged: \.cells\/[0-9a-f]{64}\/model\.safetensors: /);
    }));
}

Deno.test("`verifyCommand()` names a damaged manifest, cell log and event log, and a path outside the cache", () =>
  withFolder(async (folder) => {
    const { id, cell } = await trainedRun(folder, 1);
    await Deno.writeTextFile(join(cell, "cell.json"), "{");
    assert.match((await verify(folder, id)).text, /cell\.json: it cannot be read/);
    await Deno.remove(join(cell, "cell.json"));
    assert.match((await verify(folder, id)).text, /cell\.json: it is missing/);
    const other = await trainedRun(folder, 2);
    await Deno.writeTextFile(join(other.cell, "events.jsonl"), "x");
    assert.match((await verify(folder, other.id)).text, /events\.jsonl: it has 1 bytes instead of 0/);
    const third = await trainedRun(folder, 3);
    const log = join(folder, third.id, "events.jsonl");
    const text = await Deno.readTextFile(log);
    const unsealed = text.replace(/,"crc":"[0-9a-f]{8}"/g, "");
    await Deno.writeTextFile(log, unsealed.replace(/"path":"[^"]*\/config\.json"/, '"path":"../secret"') + "{}\n");
    const found = await verify(folder, third.id);
    assert.match(found.text, /\.\.\/secret: it would be outside/);
    assert.match(found.damage[0]!.problem, /^line \d+: it is not a valid event/);
  }));

const logHarms: readonly (readonly [string, (log: string) => Promise<void>, string])[] = [
  ["is empty", (log) => Deno.truncate(log), "it is empty"],
  ["lacks its first line", async (log) => {
    const text = await Deno.readTextFile(log);
    await Deno.writeTextFile(log, text.slice(text.indexOf("\n") + 1));
  }, "its first line is missing"],
  ["is a folder", async (log) => {
    await Deno.remove(log);
    await Deno.mkdir(log);
  }, "it is not a regular file"],
  ["is a dangling link", async (log) => {
    await Deno.remove(log);
    await Deno.symlink("nowhere", log);
  }, "it is not a regular file"],
];
for (const [what, harm, problem] of logHarms) {
  Deno.test(`a run whose event log ${what} is listed, and \`verifyCommand()\` names the log`, () =>
    withFolder(async (folder) => {
      const { id } = await trainedRun(folder, 1);
      await harm(join(folder, id, "events.jsonl"));
      const { ok, damage } = await verify(folder, id);
      assert.equal(ok, false);
      assert.deepEqual(damage, [{ path: `${id}/events.jsonl`, problem }]);
      let listed = "";
      await listCommand(["--runs", folder], (piece) => listed += piece);
      assert.match(listed, new RegExp(`(?:damaged|unreadable): ${id}: `));
    }));
}

Deno.test("`deno task verify` ends with exit code 1 when something is damaged", () =>
  withFolder(async (folder) => {
    const { id, cell } = await trainedRun(folder, 1);
    const run = async () => {
      const args = ["run", "-A", "main.ts", "verify", id, "--runs", folder];
      return (await new Deno.Command(Deno.execPath(), { args, cwd: new URL("../../../", import.meta.url) }).output())
        .code;
    };
    assert.equal(await run(), 0);
    await Deno.remove(join(cell, "config.json"));
    assert.equal(await run(), 1);
  }));
