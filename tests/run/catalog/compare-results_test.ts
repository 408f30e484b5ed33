// Results side by side: paired where the documents are the same, clearly unpaired otherwise.
import assert from "node:assert/strict";
import { compareCells, compareRuns } from "../../../lib/run/catalog/compare.ts";
import { type ComparedResults, compareResults } from "../../../lib/run/catalog/compare-results.ts";
import { compareResultsAside } from "../../../lib/run/catalog/compare-aside.ts";
import { readRun } from "../../../lib/run/log/read.ts";
import { readScores } from "../../../lib/run/paired/kept-scores.ts";
import { withRunsFolder } from "../fake-run.ts";
import { type ScoredRun, writeScoredRun } from "../scored-runs.ts";

const idOf = (at: number) => `20261122-1010${10 + at}-bts-demo-aaaa`;

/** Runs with scores, and what compares them. */
async function scoredRuns(runsFolder: string, ...made: readonly Omit<ScoredRun, "id">[]) {
  for (const [i, one] of made.entries()) await writeScoredRun(runsFolder, { id: idOf(i), ...one });
  const runs = await Promise.all(made.map(async (_, i) => (await readRun(runsFolder, idOf(i)))!));
  const kept = await Promise.all(runs.map((run) => readScores(runsFolder, run)));
  return { runs, kept, scored: compareRuns(runs, runs.map(() => undefined), kept).scored };
}

const row = ({ rows }: ComparedResults, method: string, key: string) =>
  rows.find((one) => one.method === method && one.measure.key === key)!;

Deno.test("results of runs on the same text have paired differences from the first, and others unpaired ones", () =>
  withRunsFolder(async (runsFolder) => {
    const { runs, scored } = await scoredRuns(runsFolder, {}, { worse: { seed: 0.2, bts: 0.05 } }, { text: 1 });
    const found = compareResults(scored);
    assert.equal(found.cut, false);
    assert.deepEqual(found.rows.slice(0, 2).map(({ method, measure }) => [method, measure.key]), [
      ["seed", "bpb/mean"],
      ["bts", "bpb/mean"],
    ]);
    const { values, differences } = row(found, "bts", "bpb/mean");
    assert.deepEqual(
      values,
      runs.map(({ results }) => results!.methods.bts!.find(({ group }) => group === "mean")!.value),
    );
    const [none, paired, unpaired] = differences;
    assert.equal(none, undefined);
    assert.ok(paired?.kind === "paired" && paired.interval !== null && paired.interval[0] > 0);
    assert.equal(paired.samples, 80);
    assert.ok(Math.abs(paired.value - 0.05 / Math.LN2) < 1e-9);
    assert.deepEqual(unpaired, { kind: "unpaired", value: values[2]! - values[0]! });
    assert.equal(row(found, "bts", "arithmetic").differences[1]!.kind, "paired");
    assert.equal(row(found, "bts", "parameters/total").differences[1]!.kind, "unpaired");
    assert.deepEqual(row(found, "seed", "bpb/code").differences[1], {
      kind: "paired",
      value: 0,
      interval: [0, 0],
      samples: 40,
    });
  }));

Deno.test("`compareResultsAside()` finds the same, and its caller can do something else meanwhile", () =>
  withRunsFolder(async (runsFolder) => {
    const { scored } = await scoredRuns(runsFolder, {}, { worse: { seed: 0.2, bts: 0.05 } });
    let [turns, over] = [0, false];
    const turn = () => over || setTimeout(turn, 0, turns++);
    turn();
    const found = await compareResultsAside(scored);
    over = true;
    assert.deepEqual(found, compareResults(scored));
    assert.ok(turns > 2, `${turns} turns`);
    // Two at once take turns, and one that fails does not stop the next.
    const broken = [{ results: null, methods: { bts: null as never }, kept: [] }, ...scored];
    const [failed, next] = await Promise.allSettled([compareResultsAside(broken), compareResultsAside(scored)]);
    assert.deepEqual([failed.status, next.status], ["rejected", "fulfilled"]);
  }));

Deno.test("a result that a run lacks has no difference, and without scores none is paired", () =>
  withRunsFolder(async (runsFolder) => {
    const { runs, scored } = await scoredRuns(runsFolder, {}, { worse: { seed: 0.1 } });
    assert.deepEqual(row(compareResults(scored), "bts", "bpb/mean").differences, [undefined, undefined]);
    const bare = compareResults(compareRuns(runs, [undefined, undefined]).scored);
    assert.equal(row(bare, "seed", "bpb/mean").differences[1]!.kind, "unpaired");
    const empty = compareRuns([runs[0]!, { ...runs[1]!, results: null }], [undefined, undefined]);
    assert.ok(compareResults(empty.scored).rows.every(({ values }) => values[1] === undefined));
  }));

Deno.test("no more intervals are computed than were asked for, the leading ones first", () =>
  withRunsFolder(async (runsFolder) => {
    const { scored } = await scoredRuns(runsFolder, {}, { worse: { seed: 0.3, bts: 0.05 } });
    const found = compareResults(scored, 200);
    assert.equal(found.cut, true);
    assert.equal(row(found, "bts", "bpb/mean").differences[1]!.kind, "paired");
    assert.deepEqual(
      found.rows.filter(({ measure }) => measure.name === "bpb").map(({ differences }) => differences[1]!.kind),
      [
        "paired",
        "paired",
        "paired",
        "uncounted",
        "uncounted",
        "uncounted",
      ],
    );
  }));

Deno.test("the cells of a run are paired with each other", () =>
  withRunsFolder(async (runsFolder) => {
    const { runs: [run], kept: [kept] } = await scoredRuns(runsFolder, { named: false });
    const found = compareResults(compareCells(run!, ["seed", "stitch"], kept!).scored);
    const { differences } = row(found, "", "bpb/mean");
    assert.ok(differences[1]?.kind === "paired" && Math.abs(differences[1].value + 0.2 / Math.LN2) < 1e-9);
    assert.equal(row(found, "", "arithmetic").differences[1]!.kind, "paired");
  }));
