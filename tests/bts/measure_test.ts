// Measuring cells: the tasks in cells of their own give the same results, and go on where they stopped.
import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { btsConfigSchema } from "../../lib/bts/config.ts";
import { type Lab, modelOf } from "../../lib/bts/lab.ts";
import { measureCells, type MeasureSpec } from "../../lib/bts/measure.ts";
import type { Measured } from "../../lib/bts/measured.ts";
import { readAnswers, readLosses, taskComparisons } from "../../lib/bts/comparisons.ts";
import type { Text } from "../../lib/bts/text.ts";
import { tokenize } from "../../lib/bts/tokenize.ts";
import { loadCorpus } from "../../lib/data/corpus.ts";
import { rowMemory } from "../../lib/eval/row-memory.ts";
import { btmEnsemble } from "../../lib/merge/ensemble/btm.ts";
import { mixedLosses } from "../../lib/merge/ensemble/posterior.ts";
import { decoder, type LanguageModel } from "../../lib/model/language-model.ts";
import { initialWeights, toDevice } from "../../lib/model/weights.ts";
import { beginRun } from "../../lib/run/cells/run.ts";
import type { CellResult } from "../../lib/run/cells/cell.ts";
import { MEASURED_ON_FILE, measuredOnSchema } from "../../lib/run/paired/kept-scores.ts";
import { emptyResults, options, withFolder } from "../run/fixtures.ts";

await tf.setBackend("cpu");

async function labIn(folder: string, apart: boolean): Promise<Omit<Lab, "run">> {
  const line = (n: number) => JSON.stringify({ text: `${n} is a number. `.repeat(40) + `After ${n} comes ${n + 1}.` });
  await Deno.writeTextFile(join(folder, "own.jsonl"), Array.from({ length: 60 }, (_, i) => line(i)).join("\n"));
  const question = (n: number) =>
    JSON.stringify({ question: `After ${n} comes`, choices: [`${n + 1}`, "x"], answer: 0 });
  await Deno.writeTextFile(
    join(folder, "own-tasks.jsonl"),
    Array.from({ length: 9 }, (_, i) => question(i)).join("\n"),
  );
  const config = btsConfigSchema.parse({
    data: {
      domains: ["english"],
      english: join(folder, "own.jsonl"),
      tasks: { english: join(folder, "own-tasks.jsonl") },
      heldoutBytes: 20_000,
    },
    experts: ["english"],
    tokenizer: { vocabSize: 300 },
    model: { contextLength: 32, layers: 1, width: 16, heads: 2, kvHeads: 2, inner: 16 },
    eval: { tokens: 300, items: 9, batch: 2, apart },
    mix: { seed: { english: 1 }, stitch: { english: 1 } },
    checkpoint: { steps: 1, minutes: null },
  });
  const corpus = await loadCorpus(config.data, { seed: 1 });
  return { config, corpus, rngSeed: 1, device: { description: "a test", numerics: "none", code: import.meta } };
}

/** Two models and their ensemble, whose losses come from theirs; `passed` is called for each batch of a task. */
function members(lab: Lab, text: Text, passed: () => void = () => {}): MeasureSpec {
  const parameters = { trained: 0, total: 0, active: 0 };
  return {
    name: "evaluate",
    title: "Measure members",
    description: "",
    inputs: {},
    forward: () => [],
    held: () => 0,
    code: import.meta,
    open({ scope, set }) {
      const config = modelOf(lab, text);
      const models = [1, 2].map((seed) => decoder(config, scope.use(toDevice(initialWeights(config, seed)))));
      const memory = rowMemory(2);
      const watched = (model: LanguageModel): LanguageModel => ({
        ...model,
        losses(ids, targets) {
          if (Object.keys(set.windows).length === 0) passed();
          return model.losses!(ids, targets);
        },
      });
      const ensemble = {
        open: () => btmEnsemble(models),
        knownLosses: (tokens: Int32Array) => {
          const losses = memory.recall(tokens);
          return losses && mixedLosses(losses);
        },
      };
      return Promise.resolve([
        ...models.map((model, i) => ({
          name: ["seed", "expert:english"][i]!,
          open: () => watched(model),
          parameters,
          onRow: memory.record(i),
        })),
        { name: "btm", parameters, ...ensemble },
      ]);
    },
  };
}

/** Measures in a run of its own. */
async function measured(
  folder: string,
  lab: Omit<Lab, "run">,
  specs: (lab: Lab, text: Text) => MeasureSpec[],
): Promise<CellResult<Measured>[]> {
  const run = await beginRun(options(folder, { plan: [] }));
  const whole = { ...lab, run };
  const text = await tokenize(whole);
  const cells = await measureCells(whole, text, specs(whole, text));
  run.finish(emptyResults);
  return cells;
}

Deno.test("tasks in cells of their own have the same results, in the same order", () =>
  withFolder(async (folder) => {
    const [together, apart] = await Promise.all([false, true].map(async (apart) => {
      const own = join(folder, String(apart));
      await Deno.mkdir(own);
      return (await measured(join(own, "runs"), await labIn(own, apart), (lab, text) => [members(lab, text)]))[0]!;
    }));
    const scores = ({ value: { measures, methods } }: CellResult<Measured>) => ({
      measures,
      methods: Object.entries(methods).map(([name, all]) => [name, all.filter(({ device }) => device === undefined)]),
    });
    assert.deepEqual(scores(apart!), scores(together!));
    assert.deepEqual(await readLosses([apart!]), await readLosses([together!]));
    assert.deepEqual(await readAnswers([apart!]), await readAnswers([together!]));
    const [row] = taskComparisons(await readAnswers([apart!]));
    assert.equal(row!.questions, 9);
    // Both say that they were measured on the same: that is how other runs know.
    const [on, onApart] = await Promise.all(
      [together!, apart!].map(async ({ folder }) =>
        measuredOnSchema.parse(JSON.parse(await Deno.readTextFile(join(folder, MEASURED_ON_FILE))))
      ),
    );
    assert.deepEqual(onApart, on);
    for (const digests of [on!.documents, on!.questions]) {
      assert.match(Object.values(digests).join(" "), /^[0-9a-f]{64}$/);
    }
  }));

Deno.test("a cell of tasks that was stopped goes on with the rows that it had not scored", () =>
  withFolder(async (folder) => {
    const lab = await labIn(folder, true);
    let passes = 0;
    const runs = join(folder, "runs");
    const stopping = measured(runs, lab, (lab, text) => [
      members(lab, text, () => {
        if (++passes > 12) throw new Error("stopped");
      }),
    ]);
    await assert.rejects(stopping, /stopped/);
    passes = 0;
    const resumed = await measured(runs, lab, (lab, text) => [members(lab, text, () => passes++)]);
    const left = passes;
    passes = 0;
    const whole = await measured(join(folder, "again"), lab, (lab, text) => [members(lab, text, () => passes++)]);
    assert.ok(passes >= 18 && left < passes - 6, `${left} passes after resuming, of ${passes}`);
    assert.deepEqual(await readAnswers(resumed), await readAnswers(whole));
  }));
