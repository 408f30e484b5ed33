// The stitched model as a language model.
import * as tf from "@tensorflow/tfjs";
import {
  dependsOnCalls,
  type GatePlace,
  headLosses,
  headPredictions,
  KvCache,
  kvShape,
  type LanguageModel,
} from "../model/mod.ts";
import { stitchKind } from "./kinds/registry.ts";
import { gateModels, stitchedForward, stitchedHiddenStates } from "./model.ts";
import { restingForward } from "./resting.ts";
import type { StitchedModel } from "./stitched-model.ts";
import { StitchedState } from "./stitched-state.ts";

/** The stitched model as a language model, in evaluation mode. */
export function stitchedLanguageModel(model: StitchedModel): LanguageModel {
  return {
    vocabSize: model.config.vocabSize,
    contextLength: model.config.contextLength,
    logits: (ids, states, options = {}) =>
      tf.tidy(() =>
        states === undefined
          ? stitchedForward(model, ids, options)
          : restingForward(model, ids, { ...options, states: states as readonly StitchedState[] })
      ),
    losses: (ids, targets) =>
      tf.tidy(() => headLosses(model.config, model.hub, stitchedHiddenStates(model, ids), targets)),
    predictions: (ids, targets) =>
      tf.tidy(() => headPredictions(model.config, model.hub, stitchedHiddenStates(model, ids), targets)),
    // One cache per model, the hub's first. After the last stitch only the hub runs.
    decodingState: (without) => {
      const { config, experts, places } = model;
      const shapes = [config.layers, ...experts.map(() => places.at(-1)!.after)].map((layers) =>
        kvShape(config, layers)
      );
      return new StitchedState(model, shapes.map((shape) => new KvCache(shape)), without);
    },
    promptAtOnce: dependsOnCalls(model.config),
    gates: gatePlaces(model),
    switchable: model.experts.map((_, i) => i + 1),
    // A pair's models swap roles; and where products depend on calls, a model could not read later what it missed.
    canRest: model.places.every(({ into }) => into === undefined) && !dependsOnCalls(model.config),
  };
}

function gatePlaces(model: StitchedModel): GatePlace[] {
  return model.places.map(({ kind, after }, stitch) => ({
    title: `stitch ${stitch + 1} (${kind}) after layer ${after}`,
    models: gateModels(model, stitch),
    shares: stitchKind(kind).shares,
  }));
}
