// Mixtures of experts built from separately trained models: what is mixed, how tokens are routed, what is trained.
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { type ModelConfig, weightShapes } from "../../model/mod.ts";
import type { MixtureConfigSchema } from "../inferred-types.ts";

/** How a mixture is built from its models and how it routes tokens. */
export const mixtureConfigSchema: MixtureConfigSchema = z.strictObject({
  attention: z.enum(["averaged", "experts"]).default("averaged")
    .describe("the models' attention: averaged into one, or each an expert of a soft mixture"),
  routing: z.enum(["soft", "sample", "top-2"]).default("soft")
    .describe("feed-forward experts per token: all; one, sampled by Gumbel-softmax; the best two"),
  balance: z.number().min(0).max(10).default(0.01).describe("α, the weight of the load-balancing loss"),
  adapters: z.boolean().default(false)
    .describe("add a d×d adapter to every expert's output, and train only adapters and routers"),
  bias: z.boolean().default(false).describe("whether routers have a bias"),
});

export type MixtureConfig = z.infer<typeof mixtureConfigSchema>;

/** Prefix of one model's attention or feed-forward weights in a mixture; `model` counts from 0. */
export const expertPrefix = (layer: number, block: Block, model: number): string =>
  `model.layers.${layer}.${block}.experts.${model}.`;
export const routerName = (layer: number, block: Block): string => `model.layers.${layer}.${block}.router.weight`;
export const biasName = (layer: number, block: Block): string => `model.layers.${layer}.${block}.router.bias`;
export const adapterName = (layer: number, block: Block, model: number): string =>
  `model.layers.${layer}.${block}.adapters.${model}.weight`;

/** The two parts of a decoder layer, as Hugging Face names them. */
export type Block = "self_attn" | "mlp";

/** The blocks in which every model is an expert. */
export function mixedBlocks({ attention }: MixtureConfig): Block[] {
  return attention === "experts" ? ["self_attn", "mlp"] : ["mlp"];
}

/**
 * Names and shapes of a mixture's weights: those of the decoder, with each mixed block once per model. Each mixed block
 * has a router `[models, d]`, a bias `[models]` if its configuration says so and, with adapters, one `[d, d]` matrix per
 * model.
 */
export function mixtureShapes(
  config: ModelConfig,
  mixture: MixtureConfig,
  models: number,
): ReadonlyMap<string, readonly number[]> {
  const { width, layers } = config;
  const blocks = mixedBlocks(mixture);
  const shapes = new Map<string, readonly number[]>();
  for (const [name, shape] of weightShapes(config)) {
    const place = mixedPlace(name, blocks);
    if (place === undefined) shapes.set(name, shape);
    else for (let i = 0; i < models; i++) shapes.set(expertPrefix(place.layer, place.block, i) + place.rest, shape);
  }
  for (const name of addedNames(mixture, layers, models)) {
    const router = name.endsWith("router.weight")
      ? [models, width]
      : name.endsWith("router.bias")
      ? [models]
      : undefined;
    shapes.set(name, router ?? [width, width]);
  }
  return shapes;
}

/** Names of the routers and adapters, which the models do not have. */
export function addedNames(mixture: MixtureConfig, layers: number, models: number): string[] {
  return Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
    mixedBlocks(mixture).flatMap((block) => [
      routerName(layer, block),
      ...(mixture.bias ? [biasName(layer, block)] : []),
      ...(mixture.adapters ? Array.from({ length: models }, (_, i) => adapterName(layer, block, i)) : []),
    ])
  );
}

/** Where a decoder's weight goes if its block is mixed; undefined if it is averaged. */
export function mixedPlace(name: string, blocks: readonly Block[]) {
  const found = /^model\.layers\.(\d+)\.(self_attn|mlp)\.(.*)$/.exec(name);
  if (found === null || !blocks.includes(found[2] as Block)) return undefined;
  return { layer: Number(found[1]), block: found[2] as Block, rest: found[3]! };
}

/** Parameter counts of a mixture: trained, total, and active for one token. */
export function mixtureParameters(
  config: ModelConfig,
  mixture: MixtureConfig,
  models: number,
): { readonly trained: number; readonly total: number; readonly active: number } {
  const counts = [...mixtureShapes(config, mixture, models)].map(([name, shape]) =>
    [name, shape.reduce((a, b) => a * b, 1)] as const
  );
  const sum = (keep: (name: string) => boolean) =>
    counts.reduce((total, [name, count]) => keep(name) ? total + count : total, 0);
  const added = new Set(addedNames(mixture, config.layers, models));
  const idle = models - activeExperts(mixture, models);
  // Attention is always mixed softly, so only feed-forward experts can be idle.
  const perExpert = (sum((name) => name.includes(".mlp.experts.")) + sum((name) => name.includes(".mlp.adapters."))) /
    models;
  const total = sum(() => true);
  return {
    trained: mixture.adapters ? sum((name) => added.has(name)) : total,
    total,
    active: total - idle * perExpert,
  };
}

/** The number of feed-forward experts that process one token. */
function activeExperts({ routing }: MixtureConfig, models: number): number {
  return routing === "soft" ? models : routing === "top-2" ? 2 : 1;
}

/**
 * Checks that there are enough models to route between.
 *
 * @throws UserError `merge.mixture`
 */
export function checkMixture(mixture: MixtureConfig, models: number): void {
  const least = mixture.routing === "top-2" ? 2 : 1;
  if (Number.isInteger(models) && models >= least) return;
  throw new UserError(
    "merge.mixture",
    `Cannot mix ${models} models with ${mixture.routing} routing: give at least ${least}`,
  );
}
