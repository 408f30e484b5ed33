// Keeping evaluations of a run: which of two scores of the same name counts, and what is said about it.
import assert from "node:assert/strict";
import { keepEvaluations, type NewEvaluation } from "../../lib/report/mod.ts";
import { beginRun, readRun } from "../../lib/run/mod.ts";
import { emptyResults, options, withFolder } from "../run/fixtures.ts";

function evaluation(value: number, samples: number, settings?: NewEvaluation["settings"]): NewEvaluation {
  const name = "capitals/acc";
  return {
    method: "bts",
    source: "a test",
    ...(settings === undefined ? {} : { settings }),
    measures: [{
      name,
      title: name,
      table: "Outside evaluation",
      format: "proportion",
      digits: 1,
      section: "scores",
      chance: null,
      machineDependent: false,
    }],
    measurements: [{ name, group: "", value, interval: null, samples, better: "higher" }],
  };
}

const A = { model: "a", task: "1" };

/** Evaluations after one of 0.5 of 1,200 samples: which value counts then, and what is said. */
const CASES: Readonly<Record<string, readonly [NewEvaluation, replace: boolean, counts: number, remark?: RegExp]>> = {
  "one of fewer samples": [
    evaluation(1, 10, A),
    false,
    0.5,
    /^bts\/capitals\/acc: the run keeps 0\.5 \(1,200 samples\) rather than 1 \(10 samples\); --replace takes the latter$/,
  ],
  "one of fewer samples that is wanted": [evaluation(1, 10, A), true, 1, /replaces 0\.5 \(1,200 samples\)$/],
  "one of more samples": [evaluation(0.25, 1300, A), false, 0.25, /replaces 0\.5 \(1,200 samples\)$/],
  "the same again": [evaluation(0.5, 1200, A), false, 0.5],
  "one of a task that was edited": [
    evaluation(0.25, 1200, { ...A, task: "2" }),
    false,
    0.25,
    /replaces 0\.5 \(1,200 samples\); changed since: task$/,
  ],
  "one of fewer samples of a task that was edited": [
    evaluation(0.25, 12, { ...A, task: "2" }),
    false,
    0.5,
    /keeps 0\.5 \(1,200 samples\) rather than 0\.25 \(12 samples\); changed since: task; --replace/,
  ],
  "one of fewer samples, of a model that was trained anew": [
    evaluation(0.25, 12, { ...A, model: "b" }),
    false,
    0.25,
    /replaces 0\.5 \(1,200 samples\); changed since: model$/,
  ],
  "one without settings": [evaluation(0.25, 12), false, 0.5, /the run keeps 0\.5/],
};

for (const [what, [later, replace, counts, remark]] of Object.entries(CASES)) {
  Deno.test(`\`keepEvaluations()\`: ${what}`, () =>
    withFolder(async (runsFolder) => {
      const begun = await beginRun(options(runsFolder));
      begun.finish(emptyResults);
      const run = { runsFolder, id: begun.id, folder: begun.folder };
      assert.deepEqual(await keepEvaluations(run, [evaluation(0.5, 1200, A)]), []);
      const remarks = await keepEvaluations(run, [later], { replace });
      assert.equal(remarks.length, remark === undefined ? 0 : 1);
      if (remark !== undefined) assert.match(remarks[0]!, remark);
      const { results } = (await readRun(runsFolder, run.id))!;
      assert.deepEqual(results!.methods["bts"]!.map(({ value }) => value), [counts]);
    }));
}
