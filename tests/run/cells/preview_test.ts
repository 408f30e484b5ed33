// What is said of a run before it is resumed: what has changed, and which cells start over.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { beginRun, type BeginRunOptions } from "../../../lib/run/cells/run.ts";
import type { CellRunner } from "../../../lib/run/cells/cell.ts";
import type { CodeModule } from "../../../lib/run/files/code-version.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import type { Rebuilt } from "../../../lib/run/cells/preview.ts";
import { previewText } from "../../../lib/run/cells/preview-text.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";

/** What a chain of cells is built from: text, a model that is trained on its content, and one that builds on the model. */
interface Chain {
  readonly text?: string;
  readonly rate?: number;
  /** The modules that define the cells `text` and `model`. */
  readonly textCode?: CodeModule;
  readonly modelCode?: CodeModule;
  /** Fails in the model's second step, after a checkpoint of the first. */
  readonly fails?: boolean;
}

const base: CodeModule = { url: import.meta.resolve("../../../lib/errors.ts") };
const other: CodeModule = { url: import.meta.resolve("../../../lib/random.ts") };

async function chain(run: CellRunner, { text = "a", rate = 1, textCode, modelCode, fails = false }: Chain) {
  const common = { description: "", output: z.string() };
  const first = await run.cell({
    ...common,
    name: "text",
    title: "Text",
    inputs: { data: { code: text, math: "m" } },
    code: textCode ?? base,
    expected: () => "",
  }, () => Promise.resolve(text));
  const model = await run.cell({
    ...common,
    name: "model",
    title: "Model",
    inputs: { text: first.content, rate },
    code: modelCode ?? base,
  }, async ({ checkpoints: { last, save } }) => {
    if (last === undefined) {
      await save({ step: 1, score: null, bytes: 1, keep: 2 }, (folder) => Deno.writeTextFile(join(folder, "x"), "x"));
    }
    if (fails) throw new Error("Failed as it was told to");
    return last === undefined ? "from the start" : "from the checkpoint";
  });
  return await run.cell(
    { ...common, name: "expert", title: "", inputs: { start: model.key }, code: import.meta },
    () => Promise.resolve("expert"),
  );
}

/** Runs the chain, as a new run or continuing one. */
async function runChain(runs: string, built: Chain, more: Partial<BeginRunOptions> = {}): Promise<string> {
  const run = await beginRun(options(runs, { plan: [], preview: (run) => chain(run, built), ...more }));
  try {
    await chain(run, built);
    run.finish(emptyResults);
  } catch (error) {
    run.fail(error);
  }
  return run.id;
}

/** The warnings of a run that was stopped in its model and then resumed with other things. */
async function warnings(runs: string, before: Chain, after: Chain): Promise<{ texts: string[]; model: string }> {
  const id = await runChain(runs, { ...before, fails: true });
  await runChain(runs, after, { continues: id });
  const view = (await readRun(runs, id))!;
  assert.equal(view.status, "done");
  const manifest = JSON.parse(
    await Deno.readTextFile(
      join(runs, ".cells", view.cells.find(({ name }) => name === "model")!.cellKey, "cell.json"),
    ),
  );
  return { texts: view.notes.map(({ text }) => text), model: manifest.output };
}

Deno.test("a run that is resumed unchanged continues from its checkpoint, and nothing is said", () =>
  withFolder(async (runs) => {
    assert.deepEqual(await warnings(runs, {}, {}), { texts: [], model: "from the checkpoint" });
  }));

Deno.test("other text, inputs or code since are named before anything starts, with the cells that start over", () =>
  withFolder(async (runs) => {
    const undo = "Checkpoints are kept: to continue from them, stop this run, undo the change, and resume it.";
    const lost = "model (its checkpoint of step 1 no longer fits)";
    const cases: readonly (readonly [Chain, Chain, string])[] = [
      [{ text: "b" }, { text: "c" }, `data.code has changed. Start over: text (finished), ${lost}. ${undo}`],
      [{ rate: 2 }, { rate: 3 }, `rate has changed. Start over: ${lost}. ${undo}`],
      [
        { rate: 4 },
        { rate: 4, modelCode: other },
        `the code (lib/errors.ts, lib/random.ts) has changed. Start over: ${lost}. ${undo}`,
      ],
    ];
    for (const [before, after, says] of cases) {
      const { texts: [text, ...more], model } = await warnings(runs, before, after);
      assert.deepEqual(more, []);
      assert.ok(text!.includes(says), `${text} lacks ${says}`);
      assert.match(text!, /^Since this run was last written, /);
      assert.equal(model, "from the start");
    }
  }));

Deno.test("a cell whose code changed and that comes out the same lets those resume that build on its content", () =>
  withFolder(async (runs) => {
    const { texts: [text], model } = await warnings(runs, { rate: 5 }, { rate: 5, textCode: other });
    assert.match(text!, /Start over: text \(finished\)\. Start over only if text comes out differently: model \(its/);
    assert.equal(model, "from the checkpoint");
  }));

Deno.test("undoing a change continues from the checkpoint that did not fit", () =>
  withFolder(async (runs) => {
    const id = await runChain(runs, { fails: true });
    await runChain(runs, { rate: 2, fails: true }, { continues: id });
    await runChain(runs, {}, { continues: id });
    const { notes, cells } = (await readRun(runs, id))!;
    assert.equal(notes.length, 1, notes.map(({ text }) => text).join("\n"));
    const { cellKey } = cells.find(({ name }) => name === "model")!;
    const manifest = JSON.parse(await Deno.readTextFile(join(runs, ".cells", cellKey, "cell.json")));
    assert.equal(manifest.output, "from the checkpoint");
  }));

Deno.test("a run without a record of what it was built from says that something has changed", () =>
  withFolder(async (runs) => {
    const id = await runChain(runs, { fails: true });
    for (const damage of [(path: string) => Deno.remove(path), (path: string) => Deno.writeTextFile(path, "{")]) {
      await damage(join(runs, id, "cells.json"));
      await runChain(runs, { text: String(damage), fails: true }, { continues: id });
    }
    const texts = (await readRun(runs, id))!.notes.map(({ text }) => text);
    assert.equal(texts.length, 2);
    for (const text of texts) assert.match(text, /^The code, the text or the device has changed .*Start over: text/);
  }));

Deno.test("a finished cell that is no longer in the cache is said to start over", () =>
  withFolder(async (runs) => {
    const id = await runChain(runs, { fails: true });
    const { cells } = (await readRun(runs, id))!;
    await Deno.remove(join(runs, ".cells", cells.find(({ name }) => name === "text")!.cellKey), { recursive: true });
    await runChain(runs, {}, { continues: id });
    const [note] = (await readRun(runs, id))!.notes;
    assert.match(note!.text, /^Results of finished cells are no longer in the cache\. Start over: text \(finished\)\./);
  }));

Deno.test("`previewText()` names a few files of many, and tells what is certain from what depends", () => {
  const cell = (name: string, more: Partial<Rebuilt>): Rebuilt => ({
    cell: name,
    lost: "finished",
    inputs: [],
    code: [],
    from: [],
    unknown: false,
    ...more,
  });
  assert.equal(previewText([]), undefined);
  const files = ["a", "b", "c", "d", "e", "f"].map((name) => `${name}.ts`);
  const on = (name: string, content = false) => [{ cell: name, content }];
  assert.equal(
    previewText([
      cell("data", { code: files }),
      cell("seed", { from: on("data", true), lost: { step: 9 } }),
      cell("expert", { from: on("seed") }),
    ]),
    "Since this run was last written, the code (a.ts, b.ts, c.ts, d.ts and 2 more) has changed. Start over: data " +
      "(finished). Start over only if data comes out differently: seed (its checkpoint of step 9 no longer fits), expert " +
      "(finished). Checkpoints are kept: to continue from them, stop this run, undo the change, and resume it.",
  );
  assert.equal(
    previewText([
      cell("data", { inputs: ["data.code"] }),
      cell("seed", { from: on("data", true) }),
      cell("e", { inputs: ["data"] }),
    ]),
    "Since this run was last written, data.code has changed. Start over: data (finished), seed (finished), e (finished).",
  );
});
