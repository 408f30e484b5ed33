// The data room: corpora, tokenizers, packing and datamixes.
export { batchAt, type BatchChoice, type Datamix, datamixSchema, normalizeDatamix } from "./batches/batch.ts";
export { END_OF_TEXT, trainTokenizer } from "./tokenizer/train.ts";
export {
  type DataConfig,
  dataConfigSchema,
  type Domain,
  DOMAIN_NAMES,
  type DomainName,
  DOMAINS,
  type TokenizerConfig,
  tokenizerConfigSchema,
} from "./config.ts";
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
  Corpus,
  Document,
  DomainReport,
  LoadedCorpus,
  Problem,
  SplitName,
  SplitReport,
  Tokenizer,
  TokenizerJson,
  TokenStream,
  Translation,
} from "./types.ts";
