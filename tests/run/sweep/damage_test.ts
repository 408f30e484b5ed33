// A sweep, or a run of one, that cannot be read hides nothing else.
import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../../lib/errors.ts";
import { listSweepsCommand } from "../../../lib/cli/sweep-ls.ts";
import { showSweepCommand } from "../../../lib/cli/sweep-show.ts";
import { beginRun, listSweeps, readSweep, sweepJson } from "../../../lib/run/mod.ts";
import { rankTrials } from "../../../lib/run/mod.ts";
import { createApp } from "../../../lib/serve/mod.ts";
import { sweepListResponseSchema } from "../../../lib/serve/schemas.ts";
import { emptyResults, options, withFolder } from "../fixtures.ts";
import { fakeSweep } from "../sweep-log.ts";
import { sweepLine } from "../../../lib/run/sweep/log.ts";

const GOOD = "20261122-101010-fake-sweep-aaaa";
const BAD = "20261122-101011-fake-sweep-bbbb";

async function printed(
  command: (args: readonly string[], print: (text: string) => void) => Promise<void>,
  ...args: string[]
): Promise<string> {
  let text = "";
  await command(args, (piece) => text += `${piece}\n`);
  return text;
}

const harms: Readonly<Record<string, readonly [(path: string) => Promise<void>, RegExp, string]>> = {
  "a damaged first line": [
    async (path) => await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"fake"', '"fakf"')),
    /first line of sweep\.jsonl, its table of trials, is damaged/,
    "sweep.damaged",
  ],
  "a lock that cannot be read": [
    async (path) => await Deno.symlink("run.lock", join(path, "..", "run.lock")),
    /its symbolic links lead in a circle/,
    "sweep.unreadable",
  ],
};

for (const [title, [harm, reason, code]] of Object.entries(harms)) {
  Deno.test(`a sweep with ${title} is listed as unreadable, and hides no other`, () =>
    withFolder(async (runs) => {
      await fakeSweep(runs, GOOD);
      await harm(await fakeSweep(runs, BAD));
      const { sweeps, unreadable } = await listSweeps(runs);
      assert.deepEqual(sweeps.map(({ start }) => start.sweep), [GOOD]);
      assert.deepEqual(unreadable.map(({ sweep }) => sweep), [BAD]);
      assert.match(unreadable[0]!.reason, reason);
      const text = await printed(listSweepsCommand, "--runs", runs);
      assert.match(text, new RegExp(`^${GOOD} `, "m"));
      assert.match(text, new RegExp(`^unreadable: ${BAD}: `, "m"));
      const refused = (error: unknown) => error instanceof UserError && error.code === code;
      await assert.rejects(printed(showSweepCommand, BAD, "--runs", runs), refused);
      assert.match(await printed(showSweepCommand, GOOD, "--runs", runs), /^A sweep/);
      const response = await createApp({ runsFolder: runs }).fetch(
        new Request("http://localhost/api/sweeps", { headers: { host: "localhost" } }),
      );
      const list = sweepListResponseSchema.parse(await response.json());
      assert.deepEqual([list.sweeps.length, list.unreadable.length], [1, 1]);
      // Alone it is not "no sweeps".
      await Deno.remove(join(runs, "sweeps", GOOD), { recursive: true });
      assert.match(await printed(listSweepsCommand, "--runs", runs), new RegExp(`unreadable: ${BAD}: `));
    }));
}

Deno.test("a sweep's file with line ends of Windows reads as before", () =>
  withFolder(async (runs) => {
    const path = await fakeSweep(runs, GOOD);
    const before = await readSweep(runs, GOOD);
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replaceAll("\n", "\r\n"));
    assert.deepEqual(await readSweep(runs, GOOD), before);
  }));

Deno.test("a trial whose run is damaged or cannot be read is lost, with the reason, and the others stay", () =>
  withFolder(async (runs) => {
    const path = await fakeSweep(runs, GOOD);
    const run = await beginRun(options(runs));
    run.finish(emptyResults);
    // The sweep's process died before it wrote down how trial 2 ended.
    Deno.writeFileSync(path, sweepLine({ kind: "trial.start", trial: 2, run: run.id }), { append: true });
    const states = async () => {
      const view = (await readSweep(runs, GOOD))!;
      sweepJson(view, rankTrials(view));
      return view.trials.map(({ status, error }) => [status, error]);
    };
    assert.deepEqual((await states())[1], ["done", null]);
    const log = join(run.folder, "events.jsonl");
    const text = await Deno.readTextFile(log);
    await Deno.writeTextFile(log, text.replace('"seed":1', '"seed":2'));
    const [first, damaged] = await states();
    assert.deepEqual([first, damaged![0]], [["done", null], "lost"]);
    assert.match(damaged![1]!, /start of the event log cannot be read/);
    await Deno.writeTextFile(log, text);
    await Deno.symlink("run.lock", join(run.folder, "run.lock"));
    const [, unreadable] = await states();
    assert.equal(unreadable![0], "lost");
    assert.match(unreadable![1]!, /Cannot read the run/);
  }));
