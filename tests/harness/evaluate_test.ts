// Evaluations: the harness's metrics and scores from the harness's responses; a real model; stopping and going on.
import assert from "node:assert/strict";
import { join } from "node:path";
import { openTokenizer, trainTokenizer } from "../../lib/data/mod.ts";
import { UserError } from "../../lib/errors.ts";
import {
  answerFiles,
  evaluateTasks,
  harnessJson,
  harnessMeasures,
  harnessSubject,
  readTasks,
  type Score,
  type Subject,
  type SubjectParts,
} from "../../lib/harness/mod.ts";
import { openTask } from "../../lib/harness/task.ts";
import { decoder, initialWeights, type LanguageModel, modelConfigSchema, toDevice } from "../../lib/model/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { type ExpectedSample, RESULTS, SAMPLES, TASKS } from "./expected.ts";
import { CHOICE, withTask } from "./fakes.ts";

const tokenizer = openTokenizer(trainTokenizer([], { vocabSize: 257 })); // one token per byte
const special = { bos: tokenizer.endOfText, eos: tokenizer.endOfText };

/** Nothing is put around a text. */
const NOTHING = { before: [], after: [] };

/** An engine that may not be asked. */
const NONE = {} as SubjectParts["engine"];

/** A model that may not be asked. */
function silent(): Subject {
  const model = { vocabSize: 257, contextLength: 64 } as LanguageModel;
  return harnessSubject({ model, tokenizer, around: NOTHING, special, engine: NONE, opening: "never" });
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "stitchbook-eval-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The harness's response in our form. */
function responseOf(response: unknown): unknown {
  if (typeof response === "string") return { text: response, tokens: 1 };
  const [logLikelihood, greedy] = Array.isArray(response) ? response : [response, false];
  return { logLikelihood, greedy, tokens: 1 };
}

const config = modelConfigSchema.parse({ vocabSize: 257, width: 8, layers: 1, inner: 16, contextLength: 64 });

Deno.test("metrics, scores and standard errors are the harness's for the harness's responses", () =>
  withFolder(async (folder) => {
    const set = await readTasks([TASKS]);
    for (const config of set.tasks) {
      const items = (await openTask(config)).items();
      const byId = new Map(SAMPLES[config.name]!.map((sample) => [sample.id, sample]));
      const conditions = {
        model: "made",
        bos: "never",
        context: 64,
        ...(config.outputType === "generate_until" ? { generation: config.generation, repeats: config.repeats } : {}),
      };
      const lines = items.map(({ id, requests }) => {
        const responses = byId.get(id)!.responses.map((list) => list.map(responseOf));
        return JSON.stringify({ doc_id: id, requests, responses });
      });
      await Deno.writeTextFile(
        join(folder, `${config.name}.jsonl`),
        [JSON.stringify({ conditions }), ...lines].join("\n") + "\n",
      );
    }
    const found = await evaluateTasks(set, silent(), { folder, identity: "made" });
    const json = harnessJson(found);
    for (const [task, results] of Object.entries(RESULTS)) {
      for (const [name, value] of Object.entries(results)) {
        const own = json[task]![name];
        if (typeof value === "string") assert.equal(own, value, `${task} ${name}`);
        else {assert.ok(
            Math.abs(Number(own) - value) <= 1e-9 * Math.max(1, value),
            `${task} ${name}: ${own}, not ${value}`,
          );}
      }
    }
    for (const [task, samples] of Object.entries(SAMPLES)) {
      const [, ...lines] = (await Deno.readTextFile(join(folder, `${task}.jsonl`))).trimEnd().split("\n");
      const kept = lines.map((line) => JSON.parse(line));
      for (
        const { id, filter, metrics: { brier_score, ...metrics }, filtered } of samples as readonly ExpectedSample[]
      ) {
        const { brier_score: own, ...others } = kept[id].metrics[filter];
        assert.deepEqual(others, metrics, `${task} ${id} ${filter}`);
        if (brier_score !== undefined) assert.ok(Math.abs(own - (brier_score as number)) < 1e-12);
        if (typeof filtered[0] === "string") assert.equal(kept[id].filtered[filter], filtered[0]);
      }
    }
    // The measures of a run: shares with exact intervals, and the chance of guessing.
    const all = harnessMeasures(found, { model: "made", bos: "never", usualBos: "never" });
    const [measures, measurements] = [all.flatMap(({ measures }) => measures), all.flatMap((one) => one.measurements)];
    const { value, interval, samples } = measurements.find(({ name }) => name === "true-false/acc")!;
    assert.ok(samples === 9 && interval![0] < value && value < interval![1]);
    assert.equal(measures.find(({ name }) => name === "either/acc")!.chance, 2 / 3);
    assert.deepEqual(measures.map(({ name }) => name), measurements.map(({ name }) => name));
    assert.ok(measures.some(({ name }) => name === "sums/exact_match/first-number"));
    assert.ok(all.every(({ settings }) => settings["model"] === "made" && settings["bos"] === "never"));
    // Another way to begin texts than usual has names of its own.
    const others = harnessMeasures(found, { model: "made", bos: "never", usualBos: "always" });
    assert.equal(others[0]!.measures[0]!.name, "geography-group@bos-never/acc");
  }));

/** Options for evaluations that are refused before anything is asked. */
const refusing = (folder: string) => ({ folder, identity: "made" });

Deno.test("an answer that cannot fit the context is refused by file and line before anything is asked", () =>
  withFolder(async (folder) => {
    const generation = CHOICE.replace("multiple_choice", "generate_until").replace(/\ndoc_to_choice.*/, "");
    const cases: readonly (readonly [settings: string, message: RegExp])[] = [
      [
        "generation_kwargs:\n  until: []\n  max_new_tokens: 64",
        /task\.yaml line 8: max_new_tokens of 64 does not fit .* 64 tokens/,
      ],
      [
        "generation_kwargs: { until: [] }",
        /task\.yaml line 6: mine has no max_gen_toks, and the harness's default of 256 does not/,
      ],
      ['doc_to_text: "?"', /task\.yaml: mine has no max_gen_toks/],
    ];
    for (const [settings, message] of cases) {
      await withTask(settings, '{"right": "a"}', async (path) => {
        // The other task comes first, and is not asked either.
        const set = await readTasks([join(TASKS, "true-false.yaml"), path]);
        await assert.rejects(
          evaluateTasks(set, silent(), refusing(folder)),
          (error) =>
            error instanceof UserError && error.code === "harness.length" && message.test(error.message) ||
            assert.fail(String(error)),
        );
      }, `${generation}\n`);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("answers that were made differently are found in all files before anything is asked", () =>
  withFolder(async (folder) => {
    const set = await readTasks([join(TASKS, "true-false.yaml"), join(TASKS, "either.yaml")]);
    await Deno.writeTextFile(
      join(folder, "either.jsonl"),
      '{"conditions":{"model":"made","bos":"always","context":64}}\n',
    );
    await assert.rejects(
      evaluateTasks(set, silent(), refusing(folder)),
      /either\.jsonl were made differently: bos "always", now "never"/,
    );
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["either.jsonl"]);
  }));

Deno.test("scores of another number of examples have names and answers of their own", async () => {
  const path = join(TASKS, "true-false.yaml");
  const files = async (fewshot?: number) => {
    const { tasks } = await readTasks([path], { fewshot });
    return answerFiles(tasks, silent(), "made").map(({ conditions }) => conditions["fewshot"]);
  };
  assert.deepEqual([await files(), await files(2), await files(1)], [[undefined], [undefined], [1]]);
  const { tasks: [config] } = await readTasks([path], { fewshot: 1 });
  const versions = { task: "a", documents: "b" };
  const score = { metric: "acc", filter: "none", value: 1, stderr: null, interval: null, samples: 1, better: "higher" };
  const found = { config: config!, asked: 1, size: 9, chance: null, versions, scores: [score as Score] };
  const [one] = harnessMeasures({ tasks: [found], groups: [] }, { model: "m", bos: "never", usualBos: "never" });
  assert.deepEqual(one!.measures.map(({ name }) => name), ["true-false@1-shot/acc"]);
});

Deno.test("an evaluation that was stopped goes on with what is missing, and its file has every prompt and answer", () =>
  withFolder(async (folder) => {
    await using _device = await openDevice("reference");
    using weights = toDevice(initialWeights(config, 1));
    const model = decoder(config, weights);
    let asked = 0;
    const subject = {
      ...harnessSubject({ model, tokenizer, around: NOTHING, special, engine: NONE, opening: "always" }),
      // Stops at the fourth answer.
      continuation: (prompt: readonly number[]) => {
        asked++;
        return asked === 4
          ? Promise.reject(new DOMException("stopped", "AbortError"))
          : Promise.resolve(prompt.slice(-2));
      },
    };
    const set = await readTasks([join(TASKS, "sums.yaml"), join(TASKS, "either.yaml")]);
    const options = { folder, identity: "tiny", limit: 6 };
    await assert.rejects(evaluateTasks(set, subject, options), /stopped/);
    // A line that was being written is asked again.
    const path = join(folder, "sums.jsonl");
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).slice(0, -20));
    const progress: number[] = [];
    const found = await evaluateTasks(set, subject, { ...options, onProgress: ({ done }) => progress.push(done) });
    assert.equal(asked, 6 + 2);
    assert.deepEqual(progress.at(0), 4);
    assert.deepEqual(progress.at(-1), 12);
    assert.deepEqual(found.tasks.map(({ asked, size }) => [asked, size]), [[6, 8], [6, 6]]);
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.slice(1).map(({ doc_id }) => doc_id), [0, 1, 2, 3, 4, 5]);
    assert.deepEqual(lines[1].responses, [[{ text: "r:", tokens: 2 }]]);
    assert.match(lines[1].requests[0].context, /What is 1 plus 2\?\nAnswer:$/);
    // Nothing is asked a second time, also not after fewer were asked for; and nothing of another model is lost.
    const fewer = await evaluateTasks(set, subject, { ...options, limit: 0.5 });
    assert.deepEqual(fewer.tasks.map(({ asked }) => asked), [4, 3]);
    assert.deepEqual(await evaluateTasks(set, subject, options), found);
    assert.equal(asked, 8);
    await assert.rejects(
      evaluateTasks(set, subject, { ...options, identity: "another" }),
      (error) =>
        error instanceof UserError && error.code === "evaluation.conditions" &&
        /made differently: model "tiny", now "another"/.test(error.message),
    );
    assert.deepEqual(await evaluateTasks(set, subject, options), found);
    assert.equal(asked, 8);
  }));

Deno.test("a document that the model cannot be asked is named; what was answered before is kept", () =>
  withFolder(async (folder) => {
    await using _device = await openDevice("reference");
    using weights = toDevice(initialWeights(config, 1));
    const subject = harnessSubject({
      model: decoder(config, weights),
      tokenizer,
      around: NOTHING,
      special,
      engine: NONE,
      opening: "never",
    });
    const long = "x".repeat(70);
    const data = `{"a": "yes", "right": 0}\n{"a": "${long}", "right": 0}`;
    await withTask('doc_to_text: "?"\ndoc_to_choice: "{{[a, a ~ 1]}}"', data, async (path) => {
      await assert.rejects(
        evaluateTasks(await readTasks([path]), subject, { folder, identity: "tiny" }),
        (error) =>
          error instanceof UserError && error.code === "harness.request" && /line 2: .*longer than/.test(error.message),
      );
    }, CHOICE.replace(/\ndoc_to_choice.*/, "\n"));
  }));
