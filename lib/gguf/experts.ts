// Mixtures of experts in GGUF files: which architecture computes them, and the experts of a layer as one tensor.
import { UserError } from "../errors.ts";
import { checkWeights, familyOf, type HostWeights, type ModelConfig } from "../model/mod.ts";
import { type Entry, u32 } from "./encode.ts";

/** The experts in place of each feed-forward layer, all of the decoder's shape. */
export interface GgufExperts {
  readonly count: number;
  /** How many of them a token takes, the best ones. The softmax is divided by its sum over these. */
  readonly used: number;
}

/**
 * llama.cpp's architecture for a mixture. Those of Llama, Mistral and Qwen2 are its `llama`, which has biases where they are
 * stored; its `qwen2moe` does not divide the softmax by the sum over the experts that are taken.
 */
export const expertsArchitecture = (config: ModelConfig): string => familyOf(config) === "qwen3" ? "qwen3moe" : "llama";

/** Metadata of a mixture. */
export function expertsEntries(arch: string, config: ModelConfig, { count, used }: GgufExperts): Entry[] {
  return [
    u32(`${arch}.expert_count`, count),
    u32(`${arch}.expert_used_count`, used),
    ...(arch === "qwen3moe" ? [u32(`${arch}.expert_feed_forward_length`, config.inner)] : []),
  ];
}

/** Whether a weight of the decoder is one of each expert instead. */
export const isOfExperts = (name: string): boolean => name.includes(".mlp.");

const routerOf = (layer: number) => `model.layers.${layer}.mlp.gate.weight`;
const expertName = (name: string, expert: number) => name.replace(".mlp.", `.mlp.experts.${expert}.`);

/** The projections of a layer by their names in GGUF. */
const PROJECTIONS = { ffn_gate_exps: "gate_proj", ffn_up_exps: "up_proj", ffn_down_exps: "down_proj" } as const;

/** A tensor of a mixture. */
export interface ExpertsTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** Routers stay in float32, as llama.cpp's converter leaves them. */
  readonly isRouter: boolean;
  values(): Float32Array;
}

/**
 * The routers and experts of all layers.
 *
 * @param tensors with Hugging Face's names for Qwen's mixtures: `mlp.gate.weight`, `[count, width]`, and
 *   `mlp.experts.<i>.up_proj.weight`
 */
export function expertsTensors(config: ModelConfig, tensors: HostWeights, { count }: GgufExperts): ExpertsTensor[] {
  return Array.from({ length: config.layers }, (_, layer): ExpertsTensor[] => {
    const router = tensors[routerOf(layer)]!;
    const stacked = Object.entries(PROJECTIONS).map(([name, projection]): ExpertsTensor => {
      const parts = Array.from(
        { length: count },
        (_, i) => tensors[expertName(`model.layers.${layer}.mlp.${projection}.weight`, i)]!,
      );
      return {
        name: `blk.${layer}.${name}.weight`,
        shape: [count, ...parts[0]!.shape],
        isRouter: false,
        values() {
          const values = new Float32Array(parts.reduce((sum, { data }) => sum + data.length, 0));
          parts.forEach(({ data }, i) => values.set(data, i * data.length));
          return values;
        },
      };
    });
    return [
      { name: `blk.${layer}.ffn_gate_inp.weight`, shape: router.shape, isRouter: true, values: () => router.data },
      ...stacked,
    ];
  }).flat();
}

/**
 * Checks that a mixture has the routers, and each of its experts the weights, of the configuration.
 *
 * @throws UserError `model.weights`
 */
export function checkExperts(config: ModelConfig, tensors: HostWeights, { count }: GgufExperts, where: string): void {
  const shared = Object.entries(tensors).filter(([name]) => !isOfExperts(name));
  for (let i = 0; i < count; i++) {
    const own = Object.entries(tensors).flatMap(([name, tensor]) =>
      name.includes(`.mlp.experts.${i}.`) ? [[name.replace(`.experts.${i}`, ""), tensor] as const] : []
    );
    checkWeights(config, Object.fromEntries([...shared, ...own]), `${where}, with its expert ${i},`);
  }
  for (let layer = 0; layer < config.layers; layer++) {
    const found = tensors[routerOf(layer)]?.shape;
    if (String(found) === String([count, config.width])) continue;
    throw new UserError(
      "model.weights",
      `${where} has no router "${routerOf(layer)}" of the shape [${count},${config.width}]`,
      "take the weights of a mixture of that many experts",
    );
  }
}
