// Which architecture of transformers computes what a mixture of experts does, and how it names things.
import type { MixtureConfig } from "../../baselines/mod.ts";
import { UserError } from "../../errors.ts";
import { type Family, familyOf, type ModelConfig } from "../../model/mod.ts";

/** A mixture of experts in transformers. */
export interface MixtureArchitecture {
  readonly modelType: string;
  readonly architecture: string;
  /** The block of a layer that has the router and the experts. */
  readonly block: string;
  /** An expert's projections by our names, where they have others. */
  readonly projections: Readonly<Record<string, string>>;
  /** Keys of `config.json` beside those of the decoder. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** The width of an expert that all tokens share. Ours have none: its weights are zero. */
  readonly sharedWidth?: number;
}

/**
 * The architecture that computes the same as a mixture in evaluation mode: all take the best k experts and make their
 * gates sum to 1. The softmax over all logits, divided by the sum of the best k, is the softmax over those k logits; with k
 * = 1 it is 1, with k = n the softmax of a soft mixture.
 *
 * @param models n, the experts of each layer
 * @throws UserError `export.mixture` if there is none, saying why
 */
export function mixtureArchitecture(
  config: ModelConfig,
  mixture: MixtureConfig,
  models: number,
): MixtureArchitecture {
  const refused = [
    mixture.attention === "experts" && "its attention is mixed, too",
    mixture.adapters && "its experts have adapters",
    mixture.bias && "its routers have biases",
    (config.mlpBias === true || (config.attentionBias === "all" && config.qkNorm !== true)) &&
    "its projections have biases",
    config.fullLayers !== undefined && "some of its layers have a sliding window and some have not",
    config.slidingWindow !== undefined && config.attentionBias === "qkv" &&
    "it has a sliding window, and biases on queries, keys and values",
  ].find((why) => why !== false);
  if (refused !== undefined) {
    throw new UserError(
      "export.mixture",
      `Cannot write this mixture of experts for transformers: ${refused}, which no mixture there has`,
      "the seed, the experts, merges, stitched models, and the BTX methods between plain models can be written",
    );
  }
  return ARCHITECTURES[familyOf(config)](config, {
    num_experts_per_tok: expertsTaken(mixture, models),
    router_aux_loss_coef: mixture.balance,
    output_router_logits: false,
  }, models);
}

/** How many experts a token takes in evaluation mode. */
export const expertsTaken = ({ routing }: MixtureConfig, models: number): number =>
  ({ "soft": models, "top-2": 2, "sample": 1 })[routing];

type Describe = (config: ModelConfig, shared: Record<string, unknown>, models: number) => MixtureArchitecture;

const mixtral: Describe = ({ slidingWindow }, shared, models) => ({
  modelType: "mixtral",
  architecture: "MixtralForCausalLM",
  block: "block_sparse_moe",
  projections: { gate_proj: "w1", up_proj: "w3", down_proj: "w2" },
  keys: { ...shared, num_local_experts: models, sliding_window: slidingWindow ?? null },
});

const ofQwen = (config: ModelConfig, shared: Record<string, unknown>, models: number) => ({
  block: "mlp",
  projections: {},
  keys: {
    ...shared,
    num_experts: models,
    moe_intermediate_size: config.inner,
    norm_topk_prob: true,
    decoder_sparse_step: 1,
    mlp_only_layers: [],
  },
});

const qwen2: Describe = (config, shared, models) => {
  const common = ofQwen(config, shared, models);
  return {
    modelType: "qwen2_moe",
    architecture: "Qwen2MoeForCausalLM",
    ...common,
    keys: { ...common.keys, qkv_bias: true, shared_expert_intermediate_size: 1 },
    sharedWidth: 1,
  };
};

const ARCHITECTURES: Readonly<Record<Family, Describe>> = {
  llama: mixtral,
  mistral: mixtral,
  qwen2,
  qwen3: (...given) => ({ modelType: "qwen3_moe", architecture: "Qwen3MoeForCausalLM", ...ofQwen(...given) }),
};
