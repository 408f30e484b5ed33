// From text to trained batches: reads a file, tokenizes it in a cell, and trains a small model on it in another. Prints
// one JSON line. bench/corpus.ts and a test start it, measure its memory, and kill it.
//
//   deno run -A bench/corpus/job.ts <file> <runs folder> <workers> <blocks between checkpoints>
import { z } from "zod";
import { streamFiles, streamSizeSchema, writeTokens } from "../../lib/bts/mod.ts";
import {
  batchAt,
  closeCorpus,
  dataConfigSchema,
  loadCorpus,
  openTokenFiles,
  trainTokenizer,
} from "../../lib/data/mod.ts";
import { initialWeights, toVariables } from "../../lib/model/mod.ts";
import { withRun } from "../../lib/run/mod.ts";
import { openDevice } from "../../lib/tensor/mod.ts";
import { pretraining, train, trainConfigSchema } from "../../lib/train/mod.ts";

const [file, runsFolder, workers, blocks] = Deno.args as [string, string, string, string];
const VOCABULARY = 512;
const SHAPE = { width: 128, layers: 4, heads: 4, kvHeads: 4, inner: 344, contextLength: 128 };
const MODEL = { ...SHAPE, vocabSize: VOCABULARY, ropeTheta: 10_000, normEps: 1e-5, tiedEmbeddings: true };
const TRAINING = trainConfigSchema.parse({ steps: 3, batch: 8 });

const data = dataConfigSchema.parse({ builtin: "none", domains: { text: file }, trainBytes: Number.MAX_SAFE_INTEGER });
// All of the text goes to the disk, as most of a large one does.
const corpus = await loadCorpus(data, { seed: 1, folder: runsFolder, memory: 0 });
const device = await openDevice("cpu", { threads: 1 });
let megabytesPerSecond: number | undefined;
let loss = NaN;
await withRun({
  runsFolder,
  experiment: "corpus",
  title: "From text to trained batches",
  preset: "bench",
  seed: 1,
  device: device.description,
  config: {},
  plan: [],
  command: ["corpus"],
}, async (run) => {
  const common = { description: "", code: import.meta };
  const text = await run.cell({
    ...common,
    name: "data",
    title: "Tokenize",
    inputs: corpus.fingerprints,
    output: z.record(z.string(), z.record(z.string(), streamSizeSchema)),
  }, async (cell) => {
    const texts = Iterator.from(corpus.documents["text"]!.train).take(100).map(({ text }) => text);
    const written = await writeTokens(cell, {
      corpus,
      json: trainTokenizer(texts, { vocabSize: VOCABULARY }),
      vocabSize: VOCABULARY,
      checkpoint: { steps: Number(blocks), minutes: null, keep: 2 },
      workers: Number(workers),
    });
    megabytesPerSecond = written.megabytesPerSecond;
    return written.sizes;
  });
  closeCorpus(corpus);
  await run.cell({
    ...common,
    name: "train",
    title: "Train",
    inputs: text.content,
    device: { numerics: device.numerics, description: device.description, code: import.meta },
    output: z.number(),
  }, async () => {
    const files = streamFiles(text.folder, "text", "train", VOCABULARY);
    const streams = { text: openTokenFiles(files, text.value["text"]!["train"]!.bytes) };
    using variables = toVariables(initialWeights(MODEL, 1));
    const choice = { seed: 1, batch: TRAINING.batch, time: MODEL.contextLength };
    return loss = (await train(pretraining(MODEL, variables, {
      config: TRAINING,
      batchAt: (step) => batchAt(streams, { text: 1 }, { ...choice, step }),
      validation: [],
    }))).loss;
  });
  console.log(JSON.stringify({ ...text.value["text"]!["train"], content: text.content, megabytesPerSecond, loss }));
  return { domains: [], measures: [], methods: {} };
});
await device.close();
