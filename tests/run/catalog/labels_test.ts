// Names, tags and notes: added by several processes at once, read past damaged lines, used to find runs.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { listCommand } from "../../../lib/cli/ls.ts";
import { noteCommand } from "../../../lib/cli/note.ts";
import { renameCommand } from "../../../lib/cli/rename.ts";
import { tagCommand } from "../../../lib/cli/tag.ts";
import { showCommand } from "../../../lib/cli/show.ts";
import { beginRun, resolveRun } from "../../../lib/run/mod.ts";
import { addLabel, readLabels } from "../../../lib/run/catalog/labels.ts";
import { emptyResults, options, spawnScript, withFolder } from "../fixtures.ts";

async function finishedRun(folder: string): Promise<{ id: string; folder: string }> {
  const run = await beginRun(options(folder));
  run.finish(emptyResults);
  return run;
}

async function json(command: typeof tagCommand, folder: string, ...args: string[]) {
  let text = "";
  await command([...args, "--json", "--runs", folder], (piece) => text += piece);
  return JSON.parse(text);
}

Deno.test("`tagCommand()` adds tags, and removes those with a minus", () =>
  withFolder(async (folder) => {
    const { id } = await finishedRun(folder);
    assert.deepEqual((await json(tagCommand, folder, id, "b", "a", "c")).tags, ["a", "b", "c"]);
    assert.deepEqual((await json(tagCommand, folder, "last", "-b", "d", "-none")).tags, ["a", "c", "d"]);
    assert.deepEqual((await json(tagCommand, folder, "last")).tags, ["a", "c", "d"]);
    for (const tag of ["two words", "", "\x1b[31m", "a".repeat(65), "<b>"]) {
      await assert.rejects(json(tagCommand, folder, id, tag), (e) => e instanceof UserError && e.code === "label.tag");
    }
    await assert.rejects(json(tagCommand, folder, id, "x", "-x"), /both add and remove/);
    await assert.rejects(json(tagCommand, folder, "nothing", "x"), /There is no run "nothing"/);
    await assert.rejects(json(tagCommand, folder), /missing required argument/i);
  }));

Deno.test("`noteCommand()` and `renameCommand()` store labels, and a run is found by its name", () =>
  withFolder(async (folder) => {
    const [first, second] = [await finishedRun(folder), await finishedRun(folder)];
    await json(noteCommand, folder, first.id, "ε was too low\n<b>");
    assert.deepEqual(
      (await json(noteCommand, folder, first.id, "again")).notes.map(({ text }: { text: string }) => text),
      [
        "ε was too low\n<b>",
        "again",
      ],
    );
    assert.equal((await json(renameCommand, folder, first.id, " Best so far ")).name, "Best so far");
    assert.equal(await resolveRun(folder, "Best so far"), first.id);
    await json(renameCommand, folder, second.id, "Best so far");
    await assert.rejects(resolveRun(folder, "Best so far"), /names 2 runs/);
    assert.equal((await json(renameCommand, folder, second.id, "")).name, null);
    assert.equal(await resolveRun(folder, "Best so far"), first.id);
    await assert.rejects(json(renameCommand, folder, first.id, "two\nlines"), /one line/);
    await assert.rejects(json(renameCommand, folder, first.id, "last"), /"last"/);
    await assert.rejects(json(noteCommand, folder, first.id, " "), /empty note/);
    let shown = "";
    await showCommand([first.id, "--runs", folder], (piece) => shown += piece);
    assert.match(shown, /\nname: Best so far\n\d{4}-\d\d-\d\d \d\d:\d\d {2}ε was too low <b>\n/);
    let text = "";
    await tagCommand(["last", "--help"], (piece) => text += piece);
    assert.match(text, /Usage: tag/);
  }));

Deno.test("`resolveRun()` finds a run by its title if no run has that name; `ls` and `show` print it", () =>
  withFolder(async (folder) => {
    const started = async (title: string, command: string[]) => {
      const run = await beginRun(options(folder, { title, command }));
      run.finish(emptyResults);
      return run.id;
    };
    const trial = await started("trial", ["deno", "task", "bts", "--name", "trial"]);
    const other = await started("2", ["deno", "task", "bts", "--name=2"]);
    const plain = [await started("Default", ["deno"]), await started("Default", ["deno"])];
    assert.equal(await resolveRun(folder, "trial"), trial);
    assert.equal(await resolveRun(folder, "2"), other, "not as the start of an id");
    await assert.rejects(resolveRun(folder, "Default"), ({ message }: Error) => {
      return /"Default" names 2 runs/.test(message) && plain.every((id) => message.includes(id));
    });
    const printed = async (command: typeof showCommand, ...args: string[]) => {
      let text = "";
      await command([...args, "--runs", folder], (piece) => text += piece);
      return text;
    };
    const list = await printed(listCommand);
    assert.match(list, new RegExp(`${trial} +trial +done`));
    assert.doesNotMatch(list, /Default/);
    await json(renameCommand, folder, plain[0]!, "trial");
    assert.equal(await resolveRun(folder, "trial"), plain[0]);
    assert.ok((await printed(showCommand, plain[0]!)).startsWith(`trial (${plain[0]})`));
    assert.ok((await printed(showCommand, plain[1]!)).startsWith(`Default (${plain[1]})`));
  }));

Deno.test("`readLabels()` skips damaged lines, and `addLabel()` starts a new line after a half-written one", () =>
  withFolder(async (folder) => {
    const path = join(folder, "labels.jsonl");
    await addLabel(folder, { kind: "name", name: "x" });
    await Deno.writeTextFile(path, '{"time":"2026', { append: true });
    await addLabel(folder, { kind: "tags", add: ["t"], remove: [] });
    const { name, tags, damaged } = await readLabels(folder);
    assert.deepEqual([name, tags, damaged], ["x", ["t"], 1]);
  }));

Deno.test("Labels that several processes add at the same time are all kept", () =>
  withFolder(async (folder) => {
    const children = [0, 1, 2, 3].map((i) =>
      spawnScript(`
        import { addLabel } from "./lib/run/catalog/labels.ts";
        for (let j = 0; j < 25; j++) await addLabel(${JSON.stringify(folder)}, { kind: "note", text: "${i}." + j });`)
    );
    for (const child of children) assert.equal((await child.output()).code, 0);
    const { notes, damaged } = await readLabels(folder);
    assert.deepEqual([new Set(notes.map(({ text }) => text)).size, notes.length, damaged], [100, 100, 0]);
  }));
