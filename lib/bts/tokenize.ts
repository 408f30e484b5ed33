// The cell that trains the tokenizer and tokenizes the text.
import { leftOut, openTokenizer, textWithin, trainTokenizer } from "../data/mod.ts";
import { jsonHash } from "../pretrained/mod.ts";
import { leadName, leadOf } from "./brought.ts";
import { dataTable } from "./data-table.ts";
import { evaluationSet } from "./evaluation-set.ts";
import type { Lab } from "./lab.ts";
import { tasksTable } from "./tasks-table.ts";
import { readTokenizer, type Text, tokensSchema, writeTokenizer } from "./text.ts";
import { writeTokens } from "./write-tokens.ts";

/**
 * Trains the tokenizer on the seed model's datamix, or takes that of a checkpoint, and tokenizes every split.
 *
 * @param like text whose tokenizer is used instead, so that models of one are models of the other
 */
export function tokenize(lab: Lab, like?: Text): Promise<Text> {
  const { run, config, corpus, rngSeed } = lab;
  const { batch: _batch, apart: _apart, ...evaluation } = config.eval;
  const isPretrained = leadName(config) !== undefined;
  const brought = leadOf(lab);
  return run.cell({
    name: "data",
    title: "Text and tokenizer",
    description: isPretrained
      ? "All domains, split by document, and the tokenizer of the models that were trained elsewhere."
      : "All domains, split by document, and a byte-level BPE tokenizer trained on the seed's datamix.",
    inputs: {
      kind: "tokens",
      data: corpus.fingerprints,
      ...(like !== undefined
        ? { tokenizer: { of: like.content } }
        : isPretrained
        ? { tokenizer: { pretrained: brought && jsonHash(brought.tokenizer), rows: config.tokenizer.vocabSize } }
        : { tokenizer: config.tokenizer, mix: config.mix.seed }),
      // The evaluation set is checked here, so its settings are inputs, although the tokens do not depend on them.
      evaluation: { ...evaluation, contextLength: config.model.contextLength, rngSeed },
    },
    code: import.meta,
    output: tokensSchema,
    expected: () => ({ vocabSize: config.tokenizer.vocabSize, bytes: {} }),
  }, async (cell) => {
    const json = like !== undefined ? await readTokenizer(like) : brought?.tokenizer ??
      trainTokenizer(tokenizerText(lab), { vocabSize: config.tokenizer.vocabSize });
    const tokenizer = openTokenizer(json, brought === undefined ? {} : { rows: config.tokenizer.vocabSize });
    const { tasks } = evaluationSet(lab, tokenizer); // throws here rather than after training
    await writeTokenizer(cell.folder, json);
    const { vocabSize, slow } = tokenizer;
    if (slow !== undefined) cell.note(`Text is encoded slowly, by @huggingface/tokenizers, because of ${slow}`);
    const { checkpoint } = config;
    const { sizes, megabytesPerSecond } = await writeTokens(cell, { corpus, json, vocabSize, checkpoint });
    for (const text of leftOut(corpus.report)) cell.note(text);
    cell.table(dataTable(corpus.domains, sizes));
    cell.table(tasksTable(corpus.tasks, tasks, config.eval));
    const speed = megabytesPerSecond === undefined ? "" : `; text tokenized at ${megabytesPerSecond.toFixed(1)} MB/s`;
    cell.summary(`${openTokenizer(json).vocabSize} tokens in the vocabulary${speed}`);
    const bytes = Object.fromEntries(
      Object.entries(sizes).map(([domain, splits]) => [
        domain,
        Object.fromEntries(Object.entries(splits).map(([split, { bytes }]) => [split, bytes])),
      ]),
    );
    return { vocabSize, bytes };
  });
}

/** Training text of all domains in the proportions of the seed model's datamix, up to the tokenizer's budget. */
function* tokenizerText({ config, corpus }: Lab): Generator<string> {
  const total = Object.values(config.mix.seed).reduce((a, b) => a + b, 0);
  for (const [domain, weight] of Object.entries(config.mix.seed)) {
    yield* textWithin(corpus.documents[domain]!.train, config.tokenizer.trainBytes * weight / total);
  }
}
