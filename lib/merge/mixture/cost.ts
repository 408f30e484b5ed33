// Floating-point operations of mixtures and of CALM, from shapes alone: a multiply-add is two, and only products and
// attention count, as in `forwardFlops()`.
import { forwardFlops, type ModelConfig } from "../../model/mod.ts";
import { type CalmConfig, calmLayers } from "./calm.ts";
import { activeExperts, type MixtureConfig } from "./config.ts";

/** Operations of one token in each block of a decoder layer, and in the head; attention over `keys` positions. */
function blockFlops(config: ModelConfig, keys: number) {
  const { width: d, inner, layers, vocabSize } = config;
  const feedForward = 6 * d * inner;
  const head = 2 * d * vocabSize;
  return { feedForward, head, attention: (forwardFlops(config, keys) - head) / layers - feedForward };
}

/** Operations of one forward token of a mixture of so many models. */
export function mixtureForwardFlops(
  config: ModelConfig,
  mixture: MixtureConfig,
  models: number,
  keys: number = config.contextLength / 2,
): number {
  const { width: d, layers } = config;
  const { feedForward, attention, head } = blockFlops(config, keys);
  const block = (cost: number, used: number) =>
    used * cost + 2 * models * d + (mixture.adapters ? used * 2 * d * d : 0);
  const attended = mixture.attention === "experts" ? block(attention, models) : attention;
  return layers * (attended + block(feedForward, activeExperts(mixture, models))) + head;
}

/**
 * Operations of one training token: forward, as much for the activations' gradients, and as much again for those of the
 * weights that are trained.
 */
export function mixtureTrainFlops(config: ModelConfig, mixture: MixtureConfig, models: number): number {
  const forward = mixtureForwardFlops(config, mixture, models);
  if (!mixture.adapters) return 3 * forward;
  return 2 * forward + forward - mixtureForwardFlops(config, { ...mixture, adapters: false }, models);
}

/** Operations of one token in all connections of CALM: five products and attention for each augmenting model. */
function connectionFlops({ width: d }: ModelConfig, { connections }: CalmConfig, augmenting: number, keys: number) {
  return connections * augmenting * (10 * d * d + 4 * keys * d);
}

/** Operations of one forward token of an anchor and the models that augment it; one head. */
export function calmForwardFlops(
  config: ModelConfig,
  calm: CalmConfig,
  augmenting: number,
  keys: number = config.contextLength / 2,
): number {
  const { head } = blockFlops(config, keys);
  const layers = forwardFlops(config, keys) - head;
  return (1 + augmenting) * layers + head + connectionFlops(config, calm, augmenting, keys);
}

/** Operations of one training token: of the frozen models only the anchor behind the first connection has gradients. */
export function calmTrainFlops(config: ModelConfig, calm: CalmConfig, augmenting: number): number {
  const keys = config.contextLength / 2;
  const { head } = blockFlops(config, keys);
  const layer = (forwardFlops(config, keys) - head) / config.layers;
  const behind = (config.layers - calmLayers(calm, config.layers)[0]!) * layer + head;
  return calmForwardFlops(config, calm, augmenting) + behind + 2 * connectionFlops(config, calm, augmenting, keys);
}
