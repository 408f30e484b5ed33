// Runs and cells: what is written, what is cached, and what a failure leaves behind.
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../../lib/errors.ts";
import { findCell } from "../../../lib/run/cells/cell-store.ts";
import { beginRun, withRun } from "../../../lib/run/cells/run.ts";
import type { CellContext, CellSpec, Run } from "../../../lib/run/cells/cell.ts";
import { listRuns } from "../../../lib/run/catalog/run-list.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { collector, emptyResults, options, spawnScript, withFolder } from "../fixtures.ts";

const output = z.strictObject({ loss: z.number() });
type Spec = CellSpec<typeof output>;
const spec = (more: Partial<Spec> = {}): Spec => ({
  name: "one",
  title: "One",
  description: "The first cell.",
  inputs: { steps: 2, rate: 0.1 },
  code: import.meta,
  output,
  ...more,
});

const body = async (context: CellContext) => {
  await Deno.writeTextFile(join(context.folder, "weights.txt"), "weights");
  context.metrics(1, 2, { loss: 2, lr: NaN });
  context.note("half way", "info");
  context.metrics(2, 2, { loss: 1, lr: Infinity });
  context.table({ name: "t", title: "T", columns: [{ key: "a", title: "A", kind: "number" }], rows: [{ a: 1 }] });
  context.summary("loss 1.00");
  return { loss: 1 };
};

async function inRun<T>(folder: string, use: (run: Run) => Promise<T>, more = {}): Promise<T> {
  const run = await beginRun(options(folder, more));
  try {
    const value = await use(run);
    run.finish(emptyResults);
    return value;
  } catch (error) {
    run.fail(error);
    throw error;
  }
}

const workshops = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(join(folder, ".cells")))).map(({ name }) => name).filter((n) =>
    n.startsWith(".")
  );

Deno.test("`beginRun()` writes events without gaps that fold into a finished run", () =>
  withFolder(async (folder) => {
    const { events, onEvent } = collector();
    const result = await inRun(folder, async (run) => ({ id: run.id, cell: await run.cell(spec(), body) }), {
      onEvent,
    });
    assert.deepEqual(events.map(({ seq }) => seq), events.map((_, i) => i));
    const lines = (await Deno.readTextFile(join(folder, result.id, "events.jsonl"))).trimEnd().split("\n");
    const written = lines.map((line) => JSON.parse(line));
    assert.deepEqual(written.map(({ crc: _crc, ...event }) => event), events);
    for (const { crc } of written) assert.match(crc, /^[0-9a-f]{8}$/);
    const view = await readRun(folder, result.id);
    assert.equal(view!.status, "done");
    assert.equal(view!.versions.deno, Deno.version.deno);
    assert.deepEqual(view!.cells.map(({ name, status }) => [name, status]), [["one", "done"], ["two", "planned"]]);
    const [one] = view!.cells;
    assert.deepEqual(one!.metrics.map(({ values }) => values), [{ loss: 2, lr: null }, { loss: 1, lr: null }]);
    assert.equal(one!.summary, "loss 1.00");
    assert.equal(one!.artifacts.length, 1);
    assert.equal(await Deno.readTextFile(join(folder, one!.artifacts[0]!.path)), "weights");
    assert.deepEqual(await workshops(folder), []);
  }));

Deno.test("`run.cell()` takes an equal cell from the cache, whatever its name, and replays its log", () =>
  withFolder(async (folder) => {
    let builds = 0;
    const counted = (context: CellContext) => (builds++, body(context));
    let builder = "";
    const first = await inRun(folder, (run) => {
      builder = run.id;
      return run.cell(spec(), counted);
    });
    const { events, onEvent } = collector();
    const again = spec({ name: "other", title: "Other", inputs: { rate: 0.1, steps: 2, gone: undefined } });
    const second = await inRun(folder, (run) => run.cell(again, counted), { onEvent });
    assert.deepEqual(second, { ...first, cached: true });
    assert.equal(builds, 1);
    assert.equal(await Deno.readTextFile(join(second.folder, "weights.txt")), "weights");
    const kinds = ["cell.start", "metrics", "note", "metrics", "table", "artifact", "cell.end"];
    const logged = events.filter((event) => "cell" in event && event.cell === "other");
    assert.deepEqual(logged.map(({ kind }) => kind), kinds);
    const end = logged.at(-1)!;
    assert(end.kind === "cell.end" && end.status === "cached" && end.summary === "loss 1.00");
    assert.equal(end.builtBy, builder);
  }));

Deno.test("`run.cell()` builds a cell again when its inputs, its code or its device differ", () =>
  withFolder(async (folder) => {
    await inRun(folder, async (run) => {
      const keys = [
        await run.cell(spec(), body),
        await run.cell(spec({ name: "2", inputs: { steps: 3, rate: 0.1 } }), body),
        await run.cell(spec({ name: "3", code: { url: import.meta.resolve("../../../lib/errors.ts") } }), body),
        await run.cell(spec({ name: "4", device: { description: "a", numerics: "a", code: import.meta } }), body),
        await run.cell(spec({ name: "5", device: { description: "b", numerics: "b", code: import.meta } }), body),
      ].map((cell) => [cell.key, cell.cached]);
      assert.equal(new Set(keys.map(([key]) => key)).size, keys.length);
      assert.deepEqual(keys.map(([, cached]) => cached), [false, false, false, false, false]);
    });
  }));

Deno.test("a cell's `content` is that of its value and files, whatever made it and whatever it logged", () =>
  withFolder(async (folder) => {
    const make = (name: string, text: string, loss: number) =>
      inRun(folder, (run) =>
        run.cell(spec({ name, inputs: { name } }), async (context) => {
          await Deno.writeTextFile(join(context.folder, "weights.txt"), text);
          context.note(`made by ${name}`);
          return { loss };
        }));
    const [a, b] = [await make("a", "weights", 1), await make("b", "weights", 1)];
    assert.notEqual(a.key, b.key);
    assert.equal(a.content, b.content);
    const others = [await make("c", "weighty", 1), await make("d", "weights", 2)].map(({ content }) => content);
    assert.equal(new Set([a.content, ...others]).size, 3);
    assert.equal((await make("a", "never built", 3)).content, a.content, "from the cache too");
  }));

for (
  const [damage, mend] of [
    ["truncated", (path: string) => Deno.truncate(join(path, "weights.txt"), 3)],
    ["changed", (path: string) => Deno.writeTextFile(join(path, "weights.txt"), "weighty")],
    ["missing", (path: string) => Deno.remove(join(path, "weights.txt"))],
    ["without a manifest", (path: string) => Deno.remove(join(path, "cell.json"))],
    ["with half a manifest", (path: string) => Deno.truncate(join(path, "cell.json"), 40)],
    ["an empty folder", async (path: string) => {
      await Deno.remove(path, { recursive: true });
      await Deno.mkdir(path);
    }],
    ["a file", async (path: string) => {
      await Deno.remove(path, { recursive: true });
      await Deno.writeTextFile(path, "?");
    }],
  ] as const
) {
  Deno.test(`\`run.cell()\` warns of a cached cell that is ${damage} and builds it again`, () =>
    withFolder(async (folder) => {
      const first = await inRun(folder, (run) => run.cell(spec(), body));
      await mend(first.folder);
      const { events, onEvent } = collector();
      const second = await inRun(folder, (run) => run.cell(spec(), body), { onEvent });
      assert.equal(second.cached, false);
      assert.equal(await Deno.readTextFile(join(second.folder, "weights.txt")), "weights");
      const notes = events.filter((event) => event.kind === "note" && event.level === "warning");
      assert.equal(notes.length, 1);
      assert.equal((await inRun(folder, (run) => run.cell(spec(), body))).cached, true);
      assert.deepEqual(await workshops(folder), []);
    }));
}

Deno.test("`run.cell()` builds a cell again when its output does not fit the schema any more", () =>
  withFolder(async (folder) => {
    await inRun(folder, (run) => run.cell(spec(), body));
    const wider = z.strictObject({ loss: z.number(), more: z.number() });
    const { output: _, expected: __, ...same } = spec();
    const more = () => Promise.resolve({ loss: 1, more: 2 });
    const cell = await inRun(folder, (run) => run.cell({ ...same, output: wider }, more));
    assert.deepEqual([cell.cached, cell.value], [false, { loss: 1, more: 2 }]);
  }));

Deno.test("A cell that throws is failed, leaves nothing in the cache, and fails the run", () =>
  withFolder(async (folder) => {
    const mistake = new UserError("data.empty", "Cannot read an empty file", "give another");
    let id = "";
    const run = withRun(options(folder), async (run) => {
      id = run.id;
      await run.cell(spec(), async ({ folder }) => {
        await Deno.writeTextFile(join(folder, "half"), "half");
        throw mistake;
      });
      return emptyResults;
    });
    await assert.rejects(run, mistake);
    const view = await readRun(folder, id);
    assert.equal(view!.status, "failed");
    assert.match(view!.error!, /Cannot read an empty file\n {2}hint: give another/);
    assert.equal(view!.cells[0]!.status, "failed");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, ".cells"))), []);
  }));

Deno.test("A cell whose signal is aborted is stopped and not cached, even when its body returns", () =>
  withFolder(async (folder) => {
    const stop = new AbortController();
    let id = "";
    const run = withRun(options(folder, { signal: stop.signal }), async (run) => {
      id = run.id;
      await run.cell(spec(), async (context) => {
        stop.abort(new Error("Stopped"));
        assert(context.signal.aborted);
        return await body(context);
      });
      return emptyResults;
    });
    await assert.rejects(run, /Stopped/);
    const view = await readRun(folder, id);
    assert.deepEqual([view!.status, view!.cells[0]!.status], ["stopped", "stopped"]);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, ".cells"))), []);
  }));

Deno.test("Of runs that need the same cell at once, one builds it and the others wait for it", () =>
  withFolder(async (folder) => {
    const cells = await Promise.all([1, 2, 3, 4].map(() => inRun(folder, (run) => run.cell(spec(), body))));
    assert.equal(new Set(cells.map(({ folder }) => folder)).size, 1);
    assert.deepEqual(cells.map(({ cached }) => cached).toSorted(), [false, true, true, true]);
    assert.equal((await inRun(folder, (run) => run.cell(spec(), body))).cached, true);
    assert.deepEqual(await workshops(folder), []);
  }));

Deno.test("`beginRun()` removes the workshops of dead processes and keeps those of living ones", () =>
  withFolder(async (folder) => {
    let during: string[] = [];
    await inRun(folder, (run) =>
      run.cell(spec(), async (context) => {
        const own = context.folder.split("/").at(-1)!;
        await Deno.mkdir(join(folder, ".cells", own.replace(`-${Deno.pid}-`, "-4194999-")));
        await inRun(folder, (second) => Promise.resolve(second.id));
        during = await workshops(folder);
        assert.deepEqual(during, [own]);
        return await body(context);
      }));
    assert.equal(during.length, 1);
  }));

Deno.test("`beginRun()` refuses a runs folder that is a file, and leaves nothing", () =>
  withFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeTextFile(path, "");
    await assert.rejects(beginRun(options(path)), (error) => error instanceof UserError && error.code === "run.folder");
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name), ["file"]);
  }));

Deno.test("`beginRun()` takes a given id once, and only a well-formed one", () =>
  withFolder(async (folder) => {
    const id = "20261122-051207-bts-smoke-k3f9";
    await inRun(folder, (run) => Promise.resolve(assert.equal(run.id, id)), { id });
    const taken = (error: unknown) => error instanceof UserError && error.code === "run.exists";
    await assert.rejects(beginRun(options(folder, { id })), taken);
    await assert.rejects(beginRun(options(join(folder, "runs"), { id: "../outside" })), /no run id/);
    assert.equal((await readRun(folder, id))!.status, "done");
  }));

Deno.test("A value that JSON would bend is an error of the cell, and a name is used once", () =>
  withFolder(async (folder) => {
    await inRun(folder, async (run) => {
      await assert.rejects(
        run.cell(spec({ output: z.any() as never }), () => Promise.resolve({ loss: NaN })),
        /NaN at \$\.loss/,
      );
      await assert.rejects(run.cell(spec(), body), /twice/);
      await assert.rejects(run.cell(spec({ name: "x", inputs: { f: () => 1 } }), body), /function at .*\.f as/);
    });
  }));

Deno.test("`run.finish()` refuses results that do not fit, and the run can still be failed", () =>
  withFolder(async (folder) => {
    const run = await beginRun(options(folder));
    assert.throws(() => run.finish({ domains: [], measures: [], methods: { seed: {} as never } }));
    run.fail(new Error("Bad results"));
    assert.equal((await readRun(folder, run.id))!.status, "failed");
  }));

Deno.test("A process killed at any moment leaves only whole cells, and the next run clears the rest away", () =>
  withFolder(async (folder) => {
    for (const wait of [0, 40, 110]) {
      const child = spawnScript(`
        import { z } from "zod";
        import { beginRun } from "./lib/run/mod.ts";
        import { options } from "./tests/run/fixtures.ts";
        const run = await beginRun(options(${JSON.stringify(folder)}));
        console.log("ready");
        for (let i = 0;; i++) {
          await run.cell({ name: "c" + i, title: "", description: "", inputs: [i, ${wait}], code: { url: import.meta.resolve("./lib/errors.ts") },
            output: z.number() }, async (context) => {
              for (const name of ["a", "b"]) await Deno.writeFile(context.folder + "/" + name, new Uint8Array(300_000));
              return i;
            });
        }`);
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      await reader.read();
      await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      await child.stderr.cancel();
    }
    await inRun(folder, () => Promise.resolve());
    const keys = await Array.fromAsync(Deno.readDir(join(folder, ".cells")), ({ name }) => name);
    for (const key of keys) {
      assert.match(key, /^[0-9a-f]{64}$/);
      assert.equal((await findCell(folder, key)).kind, "whole");
    }
    const statuses = (await listRuns(folder)).map(({ status }) => status);
    assert.deepEqual(statuses, ["done", "lost", "lost", "lost"]);
  }));
