// Reading what measuring cells kept: whole, or as if it were not there.
import assert from "node:assert/strict";
import { join } from "node:path";
import { LOSSES_FILE, readScores } from "../../../lib/run/paired/kept-scores.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { withRunsFolder } from "../fake-run.ts";
import { lossesOn, SCORED_DOMAINS, writeScoredRun } from "../scored-runs.ts";

const ID = "20261122-101010-bts-demo-aaaa";

Deno.test("`readScores()` gives losses and answers by method, with what they are of", () =>
  withRunsFolder(async (runsFolder) => {
    await writeScoredRun(runsFolder, { id: ID });
    const kept = await readScores(runsFolder, (await readRun(runsFolder, ID))!);
    assert.deepEqual(kept.map(({ method, run }) => [run, method]), [[ID, "seed"], [ID, "bts"]]);
    const [, bts] = kept;
    assert.deepEqual(Object.keys(bts!.losses), SCORED_DOMAINS);
    assert.deepEqual([...bts!.losses.code!.nll], lossesOn(0, 0).code!.nll);
    assert.equal(bts!.answers.arithmetic!.length, 60);
    assert.equal(bts!.on.documents.code, "code of text 0");
  }));

Deno.test("files that are gone, cut, of another form or hostile are left out", () =>
  withRunsFolder(async (runsFolder) => {
    await writeScoredRun(runsFolder, { id: ID });
    const run = (await readRun(runsFolder, ID))!;
    const { path } = run.cells.flatMap(({ artifacts }) => artifacts).find(({ name }) => name === LOSSES_FILE)!;
    const file = join(runsFolder, path);
    const whole = await Deno.readTextFile(file);
    const same = (text: string) => text.padEnd(whole.length);
    for (const text of [same("{}"), same('{"bts":{"code":{"nll":"x","bytes":[1]}}}'), same("not JSON"), "cut"]) {
      await Deno.writeTextFile(file, text);
      const kept = await readScores(runsFolder, run);
      assert.ok(
        kept.every(({ losses, answers }) => Object.keys(losses).length === 0 && answers.arithmetic),
        text.trim(),
      );
    }
    await Deno.remove(file);
    assert.equal((await readScores(runsFolder, run)).length, 2);
    const outside = run.cells.map((cell) => ({
      ...cell,
      artifacts: cell.artifacts.map((one) => ({ ...one, path: `../${one.path}` })),
    }));
    assert.deepEqual(await readScores(runsFolder, { ...run, cells: outside }), []);
  }));
