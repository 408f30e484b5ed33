// The data room: corpora, tokenizers, packing and datamixes.
export { batchAt, type BatchChoice, type Datamix, datamixSchema, normalizeDatamix } from "./batches/batch.ts";
export { END_OF_TEXT, trainTokenizer } from "./tokenizer/train.ts";
export { builtinNames, DOMAINS } from "./builtin/registry.ts";
export { checkData } from "./check.ts";
export { type DataConfig, dataConfigSchema, type TokenizerConfig, tokenizerConfigSchema } from "./config.ts";
export { type NamedTask, namedTasks } from "./domains.ts";
export { loadCorpus } from "./corpus.ts";
export { leftOut } from "./left-out.ts";
export { checkOverlap, NEAR_DUPLICATE, type Overlap } from "./overlap.ts";
export { rankName } from "./split.ts";
export { byteLength, tokenizeDocuments } from "./batches/tokenize.ts";
export { openTokenizer } from "./tokenizer/open.ts";
export { type DomainBatch, stratifiedBatches } from "./batches/stratified.ts";
export { type SeenRows, unionBatchAt, unionRows } from "./batches/union.ts";
export type {
  Batch,
  ChoiceQuestion,
  Corpus,
  Document,
  DomainReport,
  ExactQuestion,
  LoadedCorpus,
  Problem,
  SplitName,
  SplitReport,
  TaskQuestions,
  TaskText,
  Tokenizer,
  TokenizerJson,
  TokenStream,
  Translation,
} from "./types.ts";
