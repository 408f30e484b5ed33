// The context that the cells of a Branch-Train-Stitch run share.
import {
  type Batch,
  batchAt,
  type Datamix,
  type DomainBatch,
  type LoadedCorpus,
  type SplitName,
  stratifiedBatches,
} from "../data/mod.ts";
import { type ChatTemplate, loadModelFolder } from "../huggingface/mod.ts";
import type { HostWeights, ModelConfig } from "../model/mod.ts";
import { hash32 } from "../random.ts";
import type { CellDevice, CellResult, CellRunner } from "../run/mod.ts";
import type { TrainConfig } from "../train/mod.ts";
import type { Brought } from "./brought.ts";
import type { BtsConfig } from "./config.ts";
import type { Text, TokenStreams } from "./text.ts";

/** The run, its settings, device and text. */
export interface Lab {
  readonly run: CellRunner;
  readonly config: BtsConfig;
  /** The random seed; not to be confused with the seed model. */
  readonly rngSeed: number;
  readonly device: CellDevice;
  readonly corpus: LoadedCorpus;
  /** The models that were trained elsewhere, by their keys in the setting `pretrained`; absent in a plan. */
  readonly brought?: Brought;
  /** The template of conversations, if there is one; absent in a plan. */
  readonly chat?: ChatTemplate;
}

/** The shape of all models, with the size of the tokenizer's vocabulary. */
export function modelOf({ config }: Lab, { value: { vocabSize } }: Text): ModelConfig {
  return { ...config.model, vocabSize };
}

/** The training and validation batches of a phase. */
export function batchesOf(
  lab: Pick<Lab, "config" | "rngSeed">,
  streams: TokenStreams,
  phase: string,
  mix: Datamix,
  { batch }: TrainConfig,
): { readonly batchAt: (step: number) => Batch; readonly validation: readonly DomainBatch[] } {
  const time = lab.config.model.contextLength;
  const split = (name: SplitName) =>
    Object.fromEntries(Object.entries(streams).map(([domain, splits]) => [domain, splits[name]]));
  const training = split("train");
  const validation = split("validation");
  // Every phase has its own random stream, so that an expert does not repeat the order of the seed model.
  const rngSeed = hash32(lab.rngSeed, "order", phase);
  return {
    batchAt: (step: number) => batchAt(training, mix, { seed: rngSeed, step, batch, time }),
    validation: stratifiedBatches(validation, mix, { batches: lab.config.train.validationBatches, batch, time }),
  };
}

/** Loads the weights that a training cell saved. */
export async function weightsOf(cell: Pick<CellResult<unknown>, "folder">): Promise<HostWeights> {
  return (await loadModelFolder(cell.folder)).tensors;
}
