// What a method of combining models is: the interface that every folder of this room implements.
import type { z } from "zod";
import type { PALETTE } from "../methods.ts";
import type { HostWeights, LanguageModel, ModelConfig, PackedWeights, Weights } from "../model/mod.ts";
import type { StitchConfig } from "../stitch/mod.ts";
import type { MethodCost, PhaseOptions, TrainTask } from "../train/mod.ts";

/** Names, documentation and settings of a method. */
interface Described {
  /** In settings, cells and results: `btx-soft`. */
  readonly name: string;
  /** In tables: `BTX soft`. */
  readonly label: string;
  /** Within a sentence, if it differs from the label: `expert routing`. */
  readonly phrase?: string;
  /** In figures. @default a color that is free */
  readonly color?: keyof typeof PALETTE;
  /** In docs/methods.md: `arXiv 2401.02412`. */
  readonly source: string;
  /** In docs/methods.md: what is trained. */
  readonly trains: string;
  /** In docs/methods.md and `--help`: what the method is. */
  readonly summary: string;
  /** Whether its model has gates: it weighs the models that it combines, token by token. */
  readonly weighs?: true;
  /** The module that defines it: its cells are built again when that module, or one that it imports, changes. */
  readonly code: { readonly url: string };
  /** Its settings below `baselines`, by key. Methods of one family share them. */
  readonly settings: Readonly<Record<string, z.ZodType>>;
}

/** The shape of the models that are combined, and how many experts there are beside the seed. */
export interface Sizes {
  readonly model: ModelConfig;
  readonly experts: number;
}

/** {@linkcode Sizes}, and the bytes of one value in a cache. */
export interface Costed extends Sizes {
  readonly cacheBytes: number;
}

/** What every method may depend on besides its settings below `baselines`. */
export interface CommonSettings {
  readonly stitch: StitchConfig;
  /** Domains with an expert, in order. */
  readonly experts: readonly string[];
  /** All domains of the text. */
  readonly domains: readonly string[];
}

/** A decoder like the seed, trained further on all text that the experts and the stitches see. */
export interface PretrainedMethod extends Described {
  readonly making: "pretraining";
  cost(costed: Costed): MethodCost;
}

/** A method whose own parameters are one file beside the models that it combines. */
interface FiledMethod<Config> extends Described {
  /** How its file names it, and the settings in the file. */
  readonly file: { readonly kind: string; readonly schema: z.ZodType<Config> };
  /** The models that it combines. @default the seed and all experts */
  readonly combines?: "seed";
  /** The settings that decide its parameters, from all settings. */
  configOf(settings: CommonSettings): Config;
  /** @throws UserError when the settings do not fit the models */
  check?(config: Config, sizes: { readonly layers: number; readonly experts: number }): void;
  cost(config: Config, costed: Costed): MethodCost;
  open(saved: Saved<Config>): OpenedModel;
  /**
   * What is left when experts leave, exactly as if the method had been built without them. Absent if it would have to be
   * built again.
   *
   * @param experts domains
   */
  without?(built: Built<Config>, experts: readonly string[]): Built<Config>;
  /** Whether its losses follow from those of the single models, with which it is measured. @default false */
  readonly ofLosses?: boolean;
}

/** A method that is trained on the same batches as the stitches, with the same steps and schedule. */
export interface TrainedMethod<Config = unknown> extends FiledMethod<Config> {
  readonly making: "training";
  /** FLOPs of one training token. @default those of its cost, forward and backward */
  trainFlops?(config: Config, sizes: Sizes): number;
  /** Number of values kept for the backward pass beyond those of one decoder. @default 0 */
  furtherActivations?(config: Config, sizes: Sizes, tokens: number): number;
  start(given: Given<Config>): Training;
  /** The outcome of its training for readers, if its loss is not a language model's. */
  outcomeText?(outcome: { readonly loss: number; readonly validation: number | null }, models: number): string;
}

/** A method whose parameters are computed from a few documents of each domain, without gradients. */
export interface FittedMethod<Config = unknown> extends FiledMethod<Config> {
  readonly making: "fitting";
  /** How many documents of each domain it reads, and at most how many tokens of each. */
  reads(config: Config): { readonly documents: number; readonly tokens: number };
  /** FLOPs of one token that it reads, passes through a model for one document, and peak memory. */
  fitCost(config: Config, sizes: Sizes): { readonly flops: number; readonly passes: number; readonly bytes: number };
  fit(given: Given<Config> & Documents): Promise<Fitted>;
}

/**
 * A method with a training of its own for each expert's domain, on the same batches, with the same steps and schedule, as
 * that expert. What they find is put together without further training.
 */
export interface BranchedMethod<Config = unknown, Branch = unknown> extends FiledMethod<Config> {
  readonly making: "branching";
  readonly combines: "seed";
  /** What decides one branch: nothing of the other experts. */
  branchOf(config: Config): Branch;
  /** How many documents of each domain a branch reads before training, and at most how many tokens of each. */
  reads(branch: Branch): { readonly documents: number; readonly tokens: number };
  /** Parameters of one branch, FLOPs of one training token, and values kept beyond those of one decoder. */
  branchCost(
    model: ModelConfig,
    tokens: number,
  ): { readonly parameters: MethodCost["parameters"]; readonly flops: number; readonly furtherActivations: number };
  start(given: BranchGiven): Promise<BranchTraining>;
  /** The parameters of the whole method from those of its branches, in the order of the experts. */
  join(branches: readonly HostWeights[]): HostWeights;
}

/** A method with a file. */
export type MergedMethod<Config = unknown> = TrainedMethod<Config> | FittedMethod<Config> | BranchedMethod<Config>;

/** A method of combining a seed and its experts that is built before it is measured. */
export type BaselineMethod = PretrainedMethod | MergedMethod;

/** Documents of the training text. */
export interface Documents {
  /**
   * Token ids of documents by model: of an expert's domain, and for the seed of all domains without an expert. Each
   * document starts with the id that opens documents.
   */
  readonly documents: readonly (readonly Int32Array[])[];
}

/** What a fitted method found. */
export interface Fitted {
  readonly weights: HostWeights;
  /** Number of tokens read. */
  readonly tokens: number;
  /** The outcome for readers. */
  readonly outcome: string;
}

/** What a method is built from. */
export interface Given<Config> {
  readonly model: ModelConfig;
  readonly config: Config;
  /** Weights of the models that it combines, the seed first. */
  readonly models: readonly HostWeights[];
  readonly rngSeed: number;
}

/** What one branch is built from. */
export interface BranchGiven {
  readonly model: ModelConfig;
  readonly seed: HostWeights;
  /** Documents of the text that the seed was trained on, by domain, with the domain's share of that text. */
  readonly publicDocuments: readonly { readonly share: number; readonly documents: readonly Int32Array[] }[];
  /** Documents of the expert's domain. */
  readonly documents: readonly Int32Array[];
}

/** A method ready to be trained. Its owner disposes it. */
export interface Training extends Disposable {
  /** The trained parameters. */
  readonly variables: TrainTask["parameters"];
  readonly task: (options: PhaseOptions) => TrainTask;
  /** A content hash of the frozen weights on the device, to check that training does not change them. */
  readonly hashFrozen: () => Promise<string>;
}

/** A branch ready to be trained. Its owner disposes it. */
export interface BranchTraining extends Training {
  /** The parameters of the method with this branch alone. */
  readonly finished: () => Promise<HostWeights>;
}

/** What is in a method's file. */
export interface Built<Config> {
  readonly config: Config;
  readonly weights: HostWeights;
}

/** A finished method and the models that it combines. */
export interface Saved<Config> extends Built<Config> {
  readonly model: ModelConfig;
  /** Weights of the models that it combines, the seed first. */
  readonly models: readonly HostWeights[];
  /** The same weights on the device, copied there when first asked for. */
  readonly onDevice: () => readonly Weights[];
  /** The format that weights are packed in for inference; undefined if they are not. */
  readonly packed?: PackedWeights | undefined;
  /** Owns what `open()` puts on the device. */
  readonly scope: DisposableStack;
}

/** A method as a language model. */
export interface OpenedModel {
  readonly model: LanguageModel;
  /**
   * The losses of a row's tokens after the first, in nats, from those of the seed and the experts, for methods that need
   * nothing else. `from` is the index of the first scored token.
   */
  readonly lossesFrom?: (
    tokens: Int32Array,
    from: number,
    losses: readonly ArrayLike<number>[],
  ) => ArrayLike<number>;
  /**
   * The most likely tokens of a row that is scored from its second token on, and their probabilities, from those of the
   * seed and the experts. Left out: measures that need them are not made.
   */
  readonly topsFrom?: (tokens: Int32Array, tops: readonly Tops[]) => Tops;
}

/** The most likely tokens in the places of a row's tokens after the first, and their probabilities. */
export interface Tops {
  readonly ids: Int32Array;
  readonly confidence: Float32Array;
}
