// The routers of DUME from documents of each domain.
import { UserError } from "../../errors.ts";
import { type HostTensor, type HostWeights, type ModelConfig, toDevice } from "../../model/mod.ts";
import { biasName, type MixtureConfig, routerName } from "../mixture/config.ts";
import { initialMixture } from "../mixture/start.ts";
import {
  addStates,
  emptyRegression,
  emptySums,
  type RidgeOptions,
  ridgeRouter,
  routedCounts,
  type Router,
  type StateSums,
  withDomain,
} from "./ridge.ts";
import { documentStates } from "../mixture/states.ts";

/** The models of a mixture, the documents of each, and how routers are computed from them. */
export interface RouterData {
  readonly model: ModelConfig;
  readonly mixture: MixtureConfig;
  readonly models: readonly HostWeights[];
  readonly documents: readonly (readonly Int32Array[])[];
  readonly options: RidgeOptions;
}

/** Routers, and what they do with the tokens that they were computed from. */
export interface FittedRouters {
  readonly weights: HostWeights;
  readonly tokens: number;
  /** By layer, the share of the tokens that its router sends to their own domain's model. */
  readonly shares: readonly number[];
}

/**
 * Computes a router for every layer: each model's documents run through the mixture with that model as the only expert.
 *
 * @throws UserError `baselines.dume` when a system cannot be solved
 */
export async function fitRouters({ model, mixture, models, documents, options }: RouterData): Promise<FittedRouters> {
  using weights = toDevice(initialMixture(model, mixture, models, 0));
  const sums: StateSums[][] = [];
  for (const [i, texts] of documents.entries()) {
    const layers = Array.from({ length: model.layers }, () => emptySums(model.width));
    for await (const states of documentStates(model, weights, i, texts)) {
      states.forEach((rows, layer) => addStates(layers[layer]!, rows));
    }
    sums.push(layers);
  }
  const routers = Array.from(
    { length: model.layers },
    (_, layer) => routerOf(sums.map((own) => own[layer]!), options, layer),
  );
  // Every layer's routers read the same states again, to count where they send them.
  const right = routers.map(() => 0);
  for (const [i, texts] of documents.entries()) {
    for await (const states of documentStates(model, weights, i, texts)) {
      states.forEach((rows, layer) => right[layer]! += routedCounts(routers[layer]!, rows)[i]!);
    }
  }
  const tokens = documents.flat().reduce((sum, { length }) => sum + length, 0);
  return { weights: routerWeights(routers, model), tokens, shares: right.map((count) => count / tokens) };
}

/** The router of one layer from the sums of each model's documents. */
function routerOf(sums: readonly StateSums[], options: RidgeOptions, layer: number): Router {
  try {
    return ridgeRouter(sums.reduce(withDomain, emptyRegression(sums[0]!.width)), options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(
      "baselines.dume",
      `Cannot compute DUME's router of layer ${layer + 1} with λ ${options.lambda}: ${error.message}`,
      "set a larger baselines.dume.lambda; if that does not help, the seed or an expert has diverged",
    );
  }
}

function routerWeights(routers: readonly Router[], { width }: ModelConfig): HostWeights {
  const weights: Record<string, HostTensor> = {};
  routers.forEach(({ weight, bias }, layer) => {
    weights[routerName(layer, "mlp")] = { shape: [bias.length, width], data: weight };
    weights[biasName(layer, "mlp")] = { shape: [bias.length], data: bias };
  });
  return weights;
}
