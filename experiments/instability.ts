// Adam's instability, provoked (A theory on Adam instability, arXiv 2304.09871).
//
//     deno task run experiments/instability.ts --preset quick
//
// A small decoder trains with a high learning rate on very few batches, so that its gradients lose their noise and
// vanish, like those of large models with large batches. Then the loss spikes. Just before, the distribution of the
// update ratio m̂/(√v̂ + ε), bell-shaped until then, has two peaks. Each arm takes another action.
import { createHash } from "node:crypto";
import {
  checkData,
  closeCorpus,
  loadCorpus,
  openTokenizer,
  textWithin,
  tokenizeDocuments,
  trainTokenizer,
} from "../lib/data/mod.ts";
import { type Experiment, experimentMain, type PrepareContext } from "../lib/experiment/mod.ts";
import { UserError } from "../lib/errors.ts";
import { checkModelConfig } from "../lib/model/mod.ts";
import { type CellResult, type RunResults, runResultsSchema } from "../lib/run/mod.ts";
import { type Arm, armsOf, checkArms } from "./instability/arms.ts";
import { type InstabilityConfig, instabilityDefinition } from "./instability/config.ts";
import { outcomesTable, seedsTable, verdict, warningsTable } from "./instability/tables.ts";
import { type InstabilityLab, modelOf, type Prepared, trainSeeds } from "./instability/train-seeds.ts";

async function provoke(lab: InstabilityLab): Promise<CellResult<RunResults>> {
  const trained: { readonly arm: Arm; readonly cell: Awaited<ReturnType<typeof trainSeeds>> }[] = [];
  for (const arm of armsOf(lab.config)) trained.push({ arm, cell: await trainSeeds(lab, arm) });
  return await lab.run.cell({
    name: "report",
    title: "Report",
    description: "All arms compared: spikes, warnings, and the effect of the actions.",
    inputs: { kind: "instability report", diverged: lab.config.diverged, cells: trained.map(({ cell }) => cell.key) },
    code: import.meta,
    output: runResultsSchema,
  }, (cell) => {
    const all = trained.map(({ arm, cell }) => ({ arm, outcomes: cell.value.outcomes }));
    cell.table(outcomesTable(all, lab.config.diverged));
    cell.table(seedsTable(all));
    cell.table(warningsTable(all));
    cell.summary(verdict(all, lab.config.diverged));
    // The tables are the result: there are no methods to compare.
    return Promise.resolve({ domains: [], measures: [], methods: {} });
  });
}

async function prepare(
  { data, tokenizer }: InstabilityConfig,
  seed: number,
  { runsFolder }: PrepareContext,
): Promise<Prepared> {
  const corpus = await loadCorpus(data, { seed, folder: runsFolder });
  const documents = corpus.documents["english"]!.train;
  const texts = textWithin(documents, tokenizer.trainBytes);
  const opened = openTokenizer(trainTokenizer(texts, { vocabSize: tokenizer.vocabSize }));
  const text = tokenizeDocuments(documents, opened);
  closeCorpus(corpus);
  const fingerprint = createHash("sha256").update(new Uint8Array(text.tokens.buffer)).digest("hex");
  return { fingerprint, text, vocabSize: opened.vocabSize };
}

/** A placeholder for the text in a plan. */
function outline({ tokenizer: { vocabSize } }: InstabilityConfig): Prepared {
  return {
    fingerprint: "planned",
    text: tokenizeDocuments([], { encode: () => [], decode: () => "", endOfText: 0 }),
    vocabSize,
  };
}

/** @throws UserError for settings that do not fit together */
async function check(config: InstabilityConfig): Promise<void> {
  checkModelConfig(modelOf(config, config.tokenizer.vocabSize));
  checkArms(config);
  const domains = Object.keys(config.data.domains);
  if (!domains.includes("english")) {
    throw new UserError(
      "instability.domains",
      `data.domains are ${domains.join(", ")}, but this experiment trains on english`,
      "add english; your own text goes into data.domains.english",
    );
  }
  await checkData(config.data);
}

export const instabilityExperiment: Experiment<typeof instabilityDefinition.schema, Prepared> = {
  definition: instabilityDefinition,
  tables: ["outcomes"],
  check,
  prepare,
  outline,
  body: provoke,
};

if (import.meta.main) await experimentMain(instabilityExperiment);
