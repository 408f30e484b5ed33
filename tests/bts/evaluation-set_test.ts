// What is measured is prepared before anything is trained: what is wrong with the text ends a run at its start.
import assert from "node:assert/strict";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { evaluationSet } from "../../lib/bts/evaluation-set.ts";
import { type BtsConfig, btsConfigSchema } from "../../lib/bts/config.ts";
import { measureCell } from "../../lib/bts/measure.ts";
import { modelOf } from "../../lib/bts/lab.ts";
import { tokenize } from "../../lib/bts/tokenize.ts";
import { loadCorpus } from "../../lib/data/corpus.ts";
import { openTokenizer } from "../../lib/data/tokenizer/open.ts";
import type { Tokenizer } from "../../lib/data/types.ts";
import { trainTokenizer } from "../../lib/data/tokenizer/train.ts";
import { UserError } from "../../lib/errors.ts";
import { decoder } from "../../lib/model/language-model.ts";
import { initialWeights, toDevice } from "../../lib/model/weights.ts";
import { random } from "../../lib/random.ts";
import { beginRun } from "../../lib/run/cells/run.ts";
import { measurementOf } from "../../lib/run/view/measures.ts";
import { readRun } from "../../lib/run/log/read.ts";
import { emptyResults, options } from "../run/fixtures.ts";

await tf.setBackend("cpu");

/** Text with all that made measuring fail: runs of U+FFFD, special tokens spelled out, no blanks for long. */
function awkwardText(): string {
  const stream = random(1, "awkward");
  const word = () =>
    stream.pick(["some", "words", "<|im_start|>", "<|endoftext|> ", "\ufffd".repeat(40), "世界".repeat(30)]);
  return Array.from({ length: 40 }, () => JSON.stringify({ text: Array.from({ length: 60 }, word).join(" ") })).join(
    "\n",
  );
}

async function awkwardLab(folder: string) {
  await Deno.writeTextFile(`${folder}/own.jsonl`, awkwardText());
  const config = btsConfigSchema.parse({
    data: { domains: ["english"], english: `${folder}/own.jsonl`, heldoutBytes: 20_000 },
    experts: ["english"],
    model: { contextLength: 64 },
    eval: { tokens: 2_000, items: 8 },
    mix: { seed: { english: 1 }, stitch: { english: 1 } },
  });
  const corpus = await loadCorpus(config.data, { seed: 1 });
  return { config, corpus, rngSeed: 1 };
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("`evaluationSet()` takes awkward text, and refuses a tokenizer that loses it", () =>
  inFolder(async (folder) => {
    const lab = await awkwardLab(folder);
    const texts = Array.from(lab.corpus.documents["english"]!.train, ({ text }) => text);
    const tokenizer = openTokenizer(trainTokenizer(texts, { vocabSize: 300 }));
    const { windows } = evaluationSet(lab, tokenizer);
    assert.ok(windows["english"]!.length > 10);
    const lossy: Tokenizer = { ...tokenizer, encode: (text) => tokenizer.encode(text.toUpperCase()) };
    assert.throws(
      () => evaluationSet(lab, lossy),
      (error) => error instanceof UserError && error.code === "eval.tokenizer",
    );
  }));

Deno.test("the cell `data` checks what is measured: other settings of it build the cell again, to the same content", () =>
  inFolder(async (folder) => {
    const lab = await awkwardLab(folder);
    const device = { description: "none", numerics: "none", code: import.meta };
    const run = await beginRun(options(join(folder, "runs"), { plan: [] }));
    const first = await tokenize({ ...lab, device, run });
    run.finish(emptyResults);
    const again = async (config: BtsConfig) => {
      const run = await beginRun(options(join(folder, "runs"), { plan: [] }));
      const text = await tokenize({ ...lab, config, device, run });
      run.finish(emptyResults);
      return text;
    };
    const measured = await again({ ...lab.config, eval: { ...lab.config.eval, items: 4 } });
    assert.equal(measured.cached, false);
    assert.equal(measured.content, first.content);
    assert.equal((await again({ ...lab.config, stitch: { ...lab.config.stitch, count: 1 } })).cached, true);
  }));

Deno.test("a measuring cell says which methods a measure cannot be made of, and on which device it measured", () =>
  inFolder(async (folder) => {
    const lab = { ...await awkwardLab(folder), device: { description: "a test", numerics: "none", code: import.meta } };
    const run = await beginRun(options(join(folder, "runs"), { plan: [] }));
    const text = await tokenize({ ...lab, run });
    const { value } = await measureCell({ ...lab, run }, text, {
      name: "evaluate",
      title: "",
      description: "",
      inputs: {},
      forward: () => [],
      held: () => 0,
      code: import.meta,
      open({ scope }) {
        const config = { ...modelOf({ ...lab, run }, text), layers: 1, width: 16, heads: 2, kvHeads: 2, inner: 16 };
        const model = decoder(config, scope.use(toDevice(initialWeights(config, 1))));
        const parameters = { trained: 0, total: 0, active: 0 };
        // Losses that are known without running the model, as an ensemble's from those of its members.
        const knownLosses = (tokens: Int32Array) => new Float64Array(tokens.length - 1).fill(1);
        const open = () => model;
        return Promise.resolve([{ name: "whole", open, parameters }, {
          name: "losses",
          open,
          parameters,
          knownLosses,
        }]);
      },
    });
    run.finish(emptyResults);
    const error = (method: string) =>
      measurementOf(value.methods[method], { name: "calibration-error", group: "mean" })?.value;
    assert.equal(typeof error("whole"), "number");
    assert.equal(error("losses"), undefined);
    assert.equal(measurementOf(value.methods["losses"], { name: "decoding-latency", group: "" })!.device, "a test");
    const { notes } = (await readRun(join(folder, "runs"), run.id))!.cells.find(({ name }) => name === "evaluate")!;
    assert.ok(notes.some((note) => note.text === "No calibration error of losses: it could not be measured."));
  }));
