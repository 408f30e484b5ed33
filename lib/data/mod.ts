// The data room: corpora, tokenizers, packing and datamixes.
export {
  batchAt,
  type BatchChoice,
  type Datamix,
  datamixSchema,
  normalizeDatamix,
  scoredShare,
} from "./batches/batch.ts";
export { byteLevelJson } from "./tokenizer/byte-level-json.ts";
export { sentencePieceJson, type SentencePieceParts } from "./tokenizer/sentencepiece-json.ts";
export { addedTokenJson, beginsWith, type NamedToken } from "./tokenizer/special-json.ts";
export { type CsvTable, readCsv } from "./files/csv-table.ts";
export { type TokensAround, tokensAround } from "./tokenizer/around.ts";
export { END_OF_TEXT, PRETOKEN_PATTERN } from "./tokenizer/pretokens.ts";
export { trainTokenizer } from "./tokenizer/train.ts";
export { mathProblems } from "./builtin/math.ts";
export { builtinSource, DOMAINS } from "./builtin/registry.ts";
export { checkData } from "./check.ts";
export {
  type DataConfig,
  type DataConfigSchema,
  dataConfigSchema,
  type TokenizerConfig,
  tokenizerConfigSchema,
} from "./config.ts";
export { BUILTIN_SOURCE, isDomainName, type NamedTask, namedTasks } from "./domains.ts";
export { type FileDocument, fileTexts } from "./files/load.ts";
export { type TextSet, textSet } from "./store/text-set.ts";
export { closeCorpus, type CorpusOptions, loadCorpus } from "./corpus.ts";
export { textWithin } from "./budget.ts";
export { leftOut } from "./left-out.ts";
export { checkOverlap, NEAR_DUPLICATE, type Overlap } from "./overlap.ts";
export { rankName } from "./split.ts";
export {
  type BlockText,
  byteLength,
  packs16,
  type TokenBlock,
  tokenBlock,
  tokenizeDocuments,
} from "./batches/tokenize.ts";
export { encodeScored, type ScoredTokens } from "./batches/scored.ts";
export { type MemoryStream, memoryStream } from "./batches/stream.ts";
export {
  openTokenFiles,
  type TokenFiles,
  tokenFiles,
  type TokenWriter,
  tokenWriter,
  writtenTokenFiles,
} from "./batches/token-files.ts";
export { type DecodeStream, decodeStream } from "./tokenizer/decode-stream.ts";
export { openTokenizer } from "./tokenizer/open.ts";
export { BLOCK_SIZE, type BlockTokenizer, blockTokenizer, textBlocks } from "./tokenizer/blocks.ts";
export { type DocumentChoice, sampleDocuments } from "./batches/sample.ts";
export { type DomainBatch, stratifiedBatches } from "./batches/stratified.ts";
export { type SeenRows, unionBatchAt, unionRows } from "./batches/union.ts";
export type {
  Batch,
  Chat,
  ChatRenderer,
  ChoiceQuestion,
  Corpus,
  Document,
  DocumentList,
  DomainDocuments,
  DomainReport,
  ExactQuestion,
  LoadedCorpus,
  Message,
  Problem,
  Span,
  SplitName,
  SplitReport,
  TaskQuestions,
  TaskText,
  Tokenizer,
  TokenizerJson,
  TokenStream,
  Translation,
} from "./types.ts";
export type { DatamixSchema, DataSettingsSchema, TokenizerConfigSchema } from "./inferred-types.ts";
