// Evaluations made after a run has ended: appended, read past damaged lines, and shown beside the run's own results.
import assert from "node:assert/strict";
import { join } from "node:path";
import { listCommand } from "../../../lib/cli/ls.ts";
import { showCommand } from "../../../lib/cli/show.ts";
import { UserError } from "../../../lib/errors.ts";
import { addEvaluation, EVALUATIONS_FILE, readEvaluations } from "../../../lib/run/log/evaluations.ts";
import { beginRun, type Evaluation, queryRuns, readRun } from "../../../lib/run/mod.ts";
import { resultsOf } from "../results.ts";
import { options, withFolder } from "../fixtures.ts";

function evaluation(method: string, value: number, name = "capitals/acc"): Omit<Evaluation, "time"> {
  return {
    method,
    source: "a test",
    measures: [{
      name,
      title: name,
      table: "Outside evaluation",
      format: "proportion",
      digits: 1,
      section: "scores",
      chance: 0.25,
      machineDependent: false,
    }],
    measurements: [{ name, group: "", value, interval: [0, 1], samples: 4, better: "higher" }],
  };
}

async function finished(folder: string) {
  const run = await beginRun(options(folder));
  run.finish(resultsOf(["code"], { seed: { bpb: { code: 2, mean: 2 } }, bts: { bpb: { code: 1, mean: 1 } } }));
  return run;
}

Deno.test("`addEvaluation()` adds measurements to the run's results; a later one replaces an earlier one", () =>
  withFolder(async (folder) => {
    const run = await finished(folder);
    const own = (await readRun(folder, run.id))!.results!;
    addEvaluation(run.folder, evaluation("bts", 0.25));
    addEvaluation(run.folder, evaluation("bts", 0.5));
    addEvaluation(run.folder, evaluation("routing", 0.75));
    const { results } = (await readRun(folder, run.id))!;
    const value = (method: string) => results!.methods[method]!.filter(({ name }) => name === "capitals/acc");
    assert.deepEqual(value("bts").map(({ value }) => value), [0.5]);
    assert.deepEqual(value("routing").map(({ value }) => value), [0.75]);
    assert.deepEqual(value("seed"), []);
    assert.deepEqual(results!.methods["seed"], own.methods["seed"]);
    assert.deepEqual(results!.measures.slice(0, own.measures.length), own.measures);
    let text = "";
    await showCommand([run.id, "--runs", folder], (piece) => text += piece);
    assert.match(text, /capitals\/acc/);
  }));

Deno.test("`addEvaluation()` reaches the index: `ls --sort` and SQL", () =>
  withFolder(async (folder) => {
    const [first, second] = [await finished(folder), await finished(folder)];
    const sorted = async (name = "capitals/acc") => {
      let text = "";
      await listCommand(["--json", "--sort", `bts/${name}:best`, "--runs", folder], (piece) => text += piece);
      return JSON.parse(text).map(({ id, sortedBy }: { id: string; sortedBy: number }) => [id, sortedBy]);
    };
    await assert.rejects(sorted(), (error) => error instanceof UserError && error.code === "list.sort");
    addEvaluation(first.folder, evaluation("bts", 0.25));
    assert.deepEqual(await sorted(), [[first.id, 0.25], [second.id, null]]);
    // The index notices a change of that file alone.
    addEvaluation(second.folder, evaluation("bts", 0.75));
    assert.deepEqual(await sorted(), [[second.id, 0.75], [first.id, 0.25]]);
    for (const name of ["code/pass@10", "code/easy/pass@1", "sums/exact_match/first-number"]) {
      addEvaluation(first.folder, evaluation("bts", 0.5, name));
      assert.deepEqual(await sorted(name), [[first.id, 0.5], [second.id, null]]);
    }
    await assert.rejects(
      sorted("code/pas@10"),
      (error) => error instanceof UserError && /nearest names are .*\bbts\/code\/pass@10\b/.test(error.hint ?? ""),
    );
    const { rows } = await queryRuns(
      folder,
      "select count(*) as n from results where measure = 'capitals/acc' and samples = 4",
    );
    assert.deepEqual(rows.map((row) => Object.values(row)), [[2]]);
  }));

Deno.test("`readEvaluations()` reads past damaged lines, and the run says which they are", () =>
  withFolder(async (folder) => {
    const run = await finished(folder);
    addEvaluation(run.folder, evaluation("bts", 0.5));
    await Deno.writeTextFile(join(run.folder, EVALUATIONS_FILE), '{"time": 7}\n{"half', { append: true });
    addEvaluation(run.folder, evaluation("seed", 0.25));
    const { evaluations, damaged } = await readEvaluations(run.folder);
    assert.deepEqual(evaluations.map(({ method }) => method), ["bts", "seed"]);
    assert.deepEqual(damaged, [2, 3]);
    const { notes } = (await readRun(folder, run.id))!;
    assert.deepEqual(notes.map(({ text }) => /^Line \d of evaluations\.jsonl/.test(text)), [true, true]);
  }));
