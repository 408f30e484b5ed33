// The measuring cells of the trained methods.
import {
  measureCell,
  type Measured,
  type Method,
  modelOf,
  type Text,
  type Trained,
  weightsOf,
} from "../../lib/bts/mod.ts";
import { hashTensors } from "../../lib/huggingface/mod.ts";
import {
  calmLanguageModel,
  calmModel,
  initialMixture,
  loadMerge,
  mixtureLanguageModel,
  mixtureModel,
  mixtureParameters,
  splitTrained,
} from "../../lib/merge/mod.ts";
import { decoder, type HostWeights, type ModelConfig, parameterCount, toDevice } from "../../lib/model/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import type { MergedMethod } from "./config.ts";
import { costOf } from "./cost.ts";
import { type BaselinesLab, type Branches, mergeFile, METHOD_TITLES } from "./method.ts";

/** Measures the dense model, a decoder like the seed. */
export function measureDense(
  lab: BaselinesLab,
  text: Text,
  dense: CellResult<Trained>,
): Promise<CellResult<Measured>> {
  const model = modelOf(lab, text);
  return measureCell(lab, text, {
    name: "evaluate:dense",
    title: "Measure the dense model",
    description: "The dense model on the same text and questions.",
    inputs: { kind: "evaluate:dense", model: dense.key },
    forward: () => [{ flops: costOf(lab.config, model, "dense").flops.forward, models: 1 }],
    code: import.meta,
    async open({ scope }) {
      const one = parameterCount(model);
      return [{
        name: "dense",
        model: decoder(model, scope.use(toDevice(await weightsOf(dense)))),
        parameters: { trained: one, total: one, active: one },
      }];
    },
  });
}

/** Measures a trained method, except routing, which {@linkcode measureEnsembles} measures. */
export function measureMethod(
  lab: BaselinesLab,
  text: Text,
  { seed, experts }: Branches,
  name: Exclude<MergedMethod, "routing">,
  trained: CellResult<Trained>,
): Promise<CellResult<Measured>> {
  const model = modelOf(lab, text);
  return measureCell(lab, text, {
    name: `evaluate:${name}`,
    title: `Measure ${METHOD_TITLES[name]}`,
    description: "The method on the same text and questions.",
    inputs: { kind: "evaluate:merge", name, merge: trained.key },
    forward: () => [{ flops: costOf(lab.config, model, name).flops.forward, models: 1 + experts.size }],
    code: import.meta,
    async open({ scope }) {
      const models = await Promise.all([seed, ...experts.values()].map(weightsOf));
      const open = name === "calm" ? openCalm : openMixture;
      return [{ name, ...await open(model, models, mergeFile(trained.folder), scope) }];
    },
  });
}

/** A trained method as a language model. */
type Opened = Pick<Method, "model" | "parameters">;

async function openMixture(
  config: ModelConfig,
  models: readonly HostWeights[],
  path: string,
  scope: DisposableStack,
): Promise<Opened> {
  const { method: { config: mixture }, weights: trained } = await loadMerge(path, "mixture", models.map(hashTensors));
  // Parameters that were not trained come from the models.
  const { frozen } = mixture.adapters
    ? splitTrained(mixture, initialMixture(config, mixture, models, 0))
    : { frozen: {} };
  const weights = scope.use(toDevice({ ...frozen, ...trained }));
  return {
    model: mixtureLanguageModel(mixtureModel({ config, mixture, models: models.length, weights })),
    parameters: mixtureParameters(config, mixture, models.length),
  };
}

async function openCalm(
  config: ModelConfig,
  models: readonly HostWeights[],
  path: string,
  scope: DisposableStack,
): Promise<Opened> {
  const { method: { config: calm }, weights } = await loadMerge(path, "calm", models.map(hashTensors));
  const [anchor, ...augmenting] = models.map((model) => scope.use(toDevice(model)));
  const connections = scope.use(toDevice(weights));
  const trained = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
  const total = models.length * parameterCount(config) + trained;
  return {
    model: calmLanguageModel(calmModel({ config, calm, anchor: anchor!, augmenting, connections })),
    parameters: { trained, total, active: total },
  };
}
