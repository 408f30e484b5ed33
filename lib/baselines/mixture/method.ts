// What all methods that are mixtures of experts share.
import { type HostWeights, type ModelConfig, putWeights, toDevice, toVariables } from "../../model/mod.ts";
import type { CommonSettings, Given, Saved, TrainedMethod } from "../method.ts";
import { trainingOf } from "../training.ts";
import { type MixtureConfig, mixtureConfigSchema } from "./config.ts";
import { mixtureActivations, mixtureCost } from "./cost.ts";
import { mixtureLanguageModel, mixtureModel } from "./model.ts";
import { initialMixture, splitTrained } from "./start.ts";
import { mixtureTraining } from "./training.ts";

/** The settings of mixtures, below `baselines`. */
const settings = { balance: mixtureConfigSchema.shape.balance };

/** A mixture that is trained, from its names and the settings that make it what it is. */
export function mixtureMethod<const Name extends string>(
  { mixture, ...described }:
    & Pick<TrainedMethod, "label" | "phrase" | "source" | "trains" | "summary" | "code">
    & { readonly name: Name; readonly mixture: Partial<MixtureConfig> },
) {
  const fixed = mixtureConfigSchema.parse(mixture);
  return {
    ...described,
    settings,
    weighs: true,
    making: "training",
    file: { kind: "mixture", schema: mixtureConfigSchema },
    configOf: ({ balance }: CommonSettings & { readonly balance: number }) => ({ ...fixed, balance }),
    cost: (config, costed) => mixtureCost(described.name, config, costed),
    furtherActivations: mixtureActivations,
    start({ model, config, models, rngSeed }: Given<MixtureConfig>) {
      const { trained, frozen } = splitTrained(config, initialMixture(model, config, models, rngSeed));
      const [variables, rest] = [toVariables(trained), toDevice(frozen)];
      const weights = { ...rest, ...variables };
      const whole = mixtureModel({ config: model, mixture: config, models: models.length, weights });
      return trainingOf(variables, [rest], (options) => mixtureTraining(whole, variables, rngSeed, options));
    },
    open({ model, config, weights, models, packed, scope }: Saved<MixtureConfig>) {
      const whole = scope.use(putWeights({ ...untrainedPart(model, config, models), ...weights }, packed));
      const opened = mixtureModel({ config: model, mixture: config, models: models.length, weights: whole });
      return { model: mixtureLanguageModel(opened) };
    },
  } as const satisfies TrainedMethod<MixtureConfig>;
}

/** The parameters that are not trained, from the models. */
function untrainedPart(model: ModelConfig, config: MixtureConfig, models: readonly HostWeights[]): HostWeights {
  return config.adapters ? splitTrained(config, initialMixture(model, config, models, 0)).frozen : {};
}
