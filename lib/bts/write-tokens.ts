// Tokenizes all splits of all domains into files of a cell's folder. It can be interrupted and resumed at any block.
import {
  BLOCK_SIZE,
  blockTokenizer,
  type LoadedCorpus,
  type SplitName,
  textBlocks,
  type TokenizerJson,
  tokenWriter,
} from "../data/mod.ts";
import type { CellContext } from "../run/mod.ts";
import { type CheckpointConfig, checkpointSchedule } from "../train/mod.ts";
import { streamFiles } from "./text.ts";
import { openTokenCheckpoints, type StreamSize } from "./token-checkpoints.ts";

/** Text of at most this many blocks is tokenized faster than workers start. */
const LITTLE_BLOCKS = 128;

/** Time between two reports of the progress. */
const REPORT_MS = 500;

/** What is to be tokenized. */
export interface TokenWork {
  readonly corpus: Pick<LoadedCorpus, "domains" | "documents" | "report">;
  readonly json: TokenizerJson;
  readonly vocabSize: number;
  readonly checkpoint: CheckpointConfig;
  /** See `blockTokenizer()`. @default none for little text */
  readonly workers?: number;
  /** See `textBlocks()`. */
  readonly blockSize?: number;
}

/** What was written. */
export interface WrittenTokens {
  /** By domain and split. */
  readonly sizes: Readonly<Record<string, Readonly<Record<SplitName, StreamSize>>>>;
  /** Text per second in MB, since the cell was started or resumed; undefined for little text. */
  readonly megabytesPerSecond: number | undefined;
}

/**
 * Writes the token files of every split of every domain, in parallel, and reports the progress. After an interruption, it
 * goes on from the last block in a checkpoint, and the files are the same as without one.
 */
export async function writeTokens(
  cell: Pick<CellContext, "folder" | "signal" | "checkpoints" | "metrics">,
  { corpus, json, vocabSize, checkpoint, workers, blockSize = BLOCK_SIZE }: TokenWork,
): Promise<WrittenTokens> {
  const streams = corpus.domains.flatMap((domain) =>
    (["train", "validation", "heldout"] as const).map((split) => ({
      domain,
      split,
      documents: corpus.documents[domain]![split],
      files: streamFiles(cell.folder, domain, split, vocabSize),
    }))
  );
  const total = Object.values(corpus.report).flatMap(({ splits }) => Object.values(splits))
    .reduce((sum, { bytes }) => sum + bytes, 0);
  const little = total <= LITTLE_BLOCKS * blockSize;
  const checkpoints = await openTokenCheckpoints(cell.checkpoints, streams.map(({ files }) => files));
  const schedule = checkpointSchedule(checkpoint);
  let { step } = checkpoints.restored;
  const sizes = [...checkpoints.restored.sizes];
  const save = async () => {
    const started = performance.now();
    await checkpoints.save({ step, sizes });
    schedule.saved((performance.now() - started) / 1000);
  };
  const done = () => sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  const [before, began] = [done(), performance.now()];
  const speed = () => (done() - before) / 1000 / (performance.now() - began);

  await using tokenizer = blockTokenizer(json, vocabSize, little ? { workers: workers ?? 0 } : { workers });
  let [shown, next] = [0, 0];
  for (let i = Math.max(0, sizes.length - 1); i < streams.length; i++) {
    const { documents, files } = streams[i]!;
    const from = sizes[i] ??= { documents: 0, tokens: 0, unscored: 0, bytes: 0 };
    using writer = tokenWriter(files, from);
    for await (const block of tokenizer.tokenize(textBlocks(documents, from.documents, blockSize))) {
      writer.append(block);
      const { documents, tokens, unscored, bytes } = writer;
      sizes[i] = { documents, tokens, unscored, bytes };
      step++;
      const megabytes = Math.floor(done() / 1e6);
      if (!little && megabytes > shown && performance.now() > next) {
        [shown, next] = [megabytes, performance.now() + REPORT_MS];
        cell.metrics(megabytes, Math.ceil(total / 1e6), { megabytesPerSecond: speed() });
      }
      if (cell.signal.aborted) await save();
      cell.signal.throwIfAborted();
      if (schedule.due({ step })) await save();
    }
  }
  await cell.checkpoints.clear();
  const named: Record<string, Record<string, StreamSize>> = {};
  streams.forEach(({ domain, split }, i) => (named[domain] ??= {})[split] = sizes[i]!);
  return {
    sizes: named as WrittenTokens["sizes"],
    megabytesPerSecond: little ? undefined : speed(),
  };
}
