// The measuring cells of the trained methods that stitching is compared with.
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
import {
  decoder,
  disposeWeights,
  type HostWeights,
  type LanguageModel,
  type ModelConfig,
  parameterCount,
  toDevice,
  type Weights,
} from "../../lib/model/mod.ts";
import type { CellResult } from "../../lib/run/mod.ts";
import { type BaselinesLab, type Branches, type MergedMethod, mergeFile, METHOD_TITLES } from "./train.ts";
import {
  commonInputs,
  evaluationSet,
  measureAll,
  type Measured,
  measuredSchema,
  type Method,
  MODEL_CODE,
  modelOf,
  type Parameters,
  type Text,
  type Trained,
  weightsOf,
} from "../../lib/bts/mod.ts";

const CODE = [...MODEL_CODE, "lib/merge", "experiments/baselines/measure.ts"];

/** The dense model, which is a decoder like the seed. */
export async function measureDense(
  lab: BaselinesLab,
  text: Text,
  dense: CellResult<Trained>,
): Promise<CellResult<Measured>> {
  return await lab.run.cell({
    name: "evaluate:dense",
    title: "Measure the dense model",
    description: "The same text and questions.",
    inputs: { kind: "evaluate:dense", ...commonInputs(lab, text), model: dense.key },
    code: CODE,
    output: measuredSchema,
  }, async (cell) => {
    const model = modelOf(lab, text);
    const weights = toDevice(await weightsOf(dense));
    const one = parameterCount(model);
    try {
      const parameters = { trained: one, total: one, active: one };
      const methods: Method[] = [["dense", decoder(model, weights), parameters]];
      return await measureAll(lab, cell, evaluationSet(lab, text), methods);
    } finally {
      disposeWeights(weights);
    }
  });
}

/** One of the trained methods but routing, which {@linkcode measureEnsembles} measures. */
export async function measureMethod(
  lab: BaselinesLab,
  text: Text,
  { seed, experts }: Branches,
  name: Exclude<MergedMethod, "routing">,
  trained: CellResult<Trained>,
): Promise<CellResult<Measured>> {
  const model = modelOf(lab, text);
  return await lab.run.cell({
    name: `evaluate:${name}`,
    title: `Measure ${METHOD_TITLES[name]}`,
    description: "The same text and questions.",
    inputs: { kind: "evaluate:merge", ...commonInputs(lab, text), name, merge: trained.key },
    code: CODE,
    output: measuredSchema,
  }, async (cell) => {
    const models = await Promise.all([seed, ...experts.values()].map(weightsOf));
    const open = name === "calm" ? openCalm : openMixture;
    const { languageModel, parameters, onDevice } = await open(model, models, mergeFile(trained.folder));
    try {
      const methods: Method[] = [[name, languageModel, parameters]];
      return await measureAll(lab, cell, evaluationSet(lab, text), methods);
    } finally {
      onDevice.forEach(disposeWeights);
    }
  });
}

/** A trained method as a language model, and what must be disposed after it. */
interface Opened {
  readonly languageModel: LanguageModel;
  readonly parameters: Parameters;
  readonly onDevice: readonly Weights[];
}

async function openMixture(model: ModelConfig, models: readonly HostWeights[], path: string): Promise<Opened> {
  const { method: { config: mixture }, weights } = await loadMerge(path, "mixture", models.map(hashTensors));
  // What was not trained, the models themselves give.
  const { frozen } = mixture.adapters
    ? splitTrained(mixture, initialMixture(model, mixture, models, 0))
    : { frozen: {} };
  const whole = toDevice({ ...frozen, ...weights });
  return {
    languageModel: mixtureLanguageModel(
      mixtureModel({ config: model, mixture, models: models.length, weights: whole }),
    ),
    parameters: mixtureParameters(model, mixture, models.length),
    onDevice: [whole],
  };
}

async function openCalm(model: ModelConfig, models: readonly HostWeights[], path: string): Promise<Opened> {
  const { method: { config: calm }, weights } = await loadMerge(path, "calm", models.map(hashTensors));
  const [anchor, ...augmenting] = models.map(toDevice) as [Weights, ...Weights[]];
  const connections = toDevice(weights);
  const trained = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
  const total = models.length * parameterCount(model) + trained;
  return {
    languageModel: calmLanguageModel(calmModel({ config: model, calm, anchor, augmenting, connections })),
    parameters: { trained, total, active: total },
    onDevice: [anchor, ...augmenting, connections],
  };
}
