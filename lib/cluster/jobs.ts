// The training jobs of a Branch-Train-Stitch run on a cluster.
import { stitchParameterCount, stitchSize } from "../stitch/mod.ts";
import {
  activationFloats,
  pretrainFlops,
  stitchedForwardFlops,
  stitchTrainFlops,
  type TrainConfig,
} from "../train/mod.ts";
import { forwardFlops, type ModelConfig, parameterCount } from "../model/mod.ts";
import { logitsHeld } from "../tensor/mod.ts";
import { type BtsConfig, isBrought } from "../bts/mod.ts";

/** A job: one training phase, run by one process group without communication with other jobs. */
export interface Job {
  /** `seed`, `expert:code`, `stitch` */
  readonly name: string;
  readonly title: string;
  readonly steps: number;
  /** Sequences per step. */
  readonly batch: number;
  /** Tokens per sequence. */
  readonly sequence: number;
  /** FLOPs of training on one token, including recomputed activations. */
  readonly flopsPerToken: number;
  /** Number of trained parameters. */
  readonly trained: number;
  /** Number of frozen parameters. */
  readonly frozen: number;
  /** Parameters of the largest unit gathered at once under full sharding: two layers, or the embeddings. */
  readonly unit: number;
  /** Number of values that the backward pass of one sequence reads. */
  readonly activations: number;
  /** Number of logits in memory at once. */
  readonly logits: number;
  /** Whether activations are recomputed instead of kept. */
  readonly recompute: boolean;
}

/** Seed, experts, stitches: each phase waits for the previous one. */
export interface JobPhases {
  /** Undefined if the seed is already trained. */
  readonly seed: Job | undefined;
  /** Those that are trained. */
  readonly experts: readonly Job[];
  readonly stitch: Job;
}

/** The jobs of a run with these settings. */
export function jobsOf(config: BtsConfig): JobPhases {
  const model: ModelConfig = { ...config.model, vocabSize: config.tokenizer.vocabSize };
  const n = config.experts.length;
  const own = parameterCount(model);
  const { seed, expert, stitch } = config.train;
  const decoder = (name: string, title: string, train: TrainConfig): Job => ({
    ...common(model, name, title, train),
    flopsPerToken: pretrainFlops(model) + recomputed(train, forwardFlops(model)),
    trained: own,
    frozen: 0,
    activations: activationFloats(model, model.contextLength, train.activations),
  });
  return {
    seed: isBrought(config, "seed") ? undefined : decoder("seed", "Train the seed", seed),
    experts: config.experts.filter((domain) => !isBrought(config, domain)).map((domain) =>
      decoder(`expert:${domain}`, `Train the ${domain} expert`, expert)
    ),
    stitch: {
      ...common(model, "stitch", "Train the stitches", stitch),
      flopsPerToken: stitchTrainFlops(model, config.stitch, n) +
        recomputed(stitch, stitchedForwardFlops(model, config.stitch, n)),
      trained: stitchParameterCount(config.stitch, stitchSize(config.stitch, model, n)),
      frozen: (n + 1) * own,
      activations: (n + 1) * activationFloats(model, model.contextLength, stitch.activations),
    },
  };
}

function common(model: ModelConfig, name: string, title: string, { steps, batch, activations }: TrainConfig) {
  const { vocabSize, width, layers, contextLength, tiedEmbeddings } = model;
  const embeddings = vocabSize * width;
  const layer = (parameterCount(model) - embeddings * (tiedEmbeddings ? 1 : 2) - width) / layers;
  return {
    name,
    title,
    steps,
    batch,
    sequence: contextLength,
    unit: Math.max(2 * layer, embeddings),
    logits: logitsHeld(contextLength, vocabSize),
    recompute: activations === "recompute",
  };
}

/** FLOPs of recomputing activations: one more forward pass. */
function recomputed({ activations }: TrainConfig, forward: number): number {
  return activations === "recompute" ? forward : 0;
}
