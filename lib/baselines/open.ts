// Opening a finished method as a language model, from the folder of the cell that built it.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { hashTensors, loadModelFolder } from "../huggingface/mod.ts";
import {
  decoder,
  type HostWeights,
  type ModelConfig,
  type PackedWeights,
  putWeights,
  type Weights,
} from "../model/mod.ts";
import type { MethodCost } from "../train/mod.ts";
import { loadMerge } from "./file.ts";
import type { BaselineMethod, Built, MergedMethod, OpenedModel } from "./method.ts";

/** The merge file in the folder of the cell that trained a method. */
export function mergeFile(folder: string): string {
  return join(folder, "merge.safetensors");
}

/** Where a finished method is, and the models that it combines. */
export interface FinishedMethod {
  readonly method: BaselineMethod;
  /** Of the cell that built it. */
  readonly folder: string;
  readonly model: ModelConfig;
  /** Weights of the seed and the experts, in order; the method takes those that it combines. */
  readonly models: readonly HostWeights[];
  /** The same weights, if they are on the device already. */
  readonly onDevice?: readonly Weights[];
  /** The format that weights are packed in, for inference. @default they are not packed */
  readonly packed?: PackedWeights | undefined;
  /** Domains whose experts leave. @default none */
  readonly without?: readonly string[];
}

/** A finished method as a language model, with its numbers of parameters. */
export interface OpenedBaseline extends OpenedModel {
  readonly parameters: MethodCost["parameters"];
}

/**
 * Opens a finished method.
 *
 * @param scope owns the weights that this copies to the device
 * @throws UserError as `loadModelFolder()` and `loadMerge()` do; `merge.without` if experts are to leave a method that would
 *   have to be built again without them, or are none of its experts
 */
export async function openBaseline(finished: FinishedMethod, scope: DisposableStack): Promise<OpenedBaseline> {
  const { method, folder, model, packed, without: leaving = [] } = finished;
  const costed = { model, experts: finished.models.length - 1, cacheBytes: 4 };
  if (method.making === "pretraining") {
    if (leaving.length > 0) throw cannotLeave(method.name);
    const { tensors } = await loadModelFolder(folder);
    return {
      model: decoder(model, scope.use(putWeights(tensors, packed))),
      parameters: method.cost(costed).parameters,
    };
  }
  const models = method.combines === "seed" ? finished.models.slice(0, 1) : finished.models;
  const file = await loadMerge(mergeFile(folder), method.file, models.map(hashTensors));
  const { config, weights } = remaining(
    method,
    { config: file.method.config, weights: file.weights },
    leaving,
  );
  const onDevice = () => finished.onDevice ?? models.map((part) => scope.use(putWeights(part, packed)));
  return {
    ...method.open({ model, config, weights, models, onDevice, packed, scope }),
    parameters: method.cost(config, costed).parameters,
  };
}

/** What is left of a method without some experts. */
function remaining(method: MergedMethod, built: Built<unknown>, leaving: readonly string[]): Built<unknown> {
  if (leaving.length === 0) return built;
  if (method.without === undefined) throw cannotLeave(method.name);
  return method.without(built, leaving);
}

/** The error of opening a model without experts that cannot leave it. */
export function cannotLeave(model: string): UserError {
  return new UserError(
    "merge.without",
    `Cannot open ${model} without some of its experts: it has to be built again without them`,
    "start a run with fewer experts (--set experts=…), or open flexolmo, whose experts can leave",
  );
}
