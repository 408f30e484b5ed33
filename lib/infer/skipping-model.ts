// A language model whose experts rest by themselves, for evaluations: a text is read as it would be generated, part by
// part.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import type { DecodingState, LanguageModel, LogitsOptions } from "../model/mod.ts";
import { openedDevice } from "../tensor/mod.ts";
import { createSkipper, resolveSkipping, type Skipper } from "./skipping.ts";
import type { PredictionGates, SkippingSettings, TokensRun } from "./types.ts";

/** A model whose experts rest by themselves. */
export interface SkippingModel extends LanguageModel {
  /** What was read so far, over all texts; padding counts. */
  tokensRun(): TokensRun;
}

/**
 * The model with experts that rest. Texts without states are read as a prompt, and then `every` tokens at a time; with
 * states, the first call is the prompt. Gates are read from the device at once, so this is for devices that allow that: not
 * for WebGPU.
 *
 * @param prompt tokens of the beginning of a text that all experts read, at least 1
 * @throws UserError `generate.skip`
 */
export function skippingModel(model: LanguageModel, settings: SkippingSettings, prompt: number): SkippingModel {
  const skipping = resolveSkipping(settings);
  const { gates = [], switchable = [], canRest, vocabSize, contextLength } = model;
  if (!canRest) throw new UserError("generate.skip", "The model has no experts that may rest");
  if (openedDevice()?.name === "webgpu" && skipping.below > 0) {
    throw new UserError("generate.skip", "WebGPU cannot read gates while a text is scored", "use the device cpu");
  }
  const places = gates.filter(({ shares }) => shares);
  const skippers = new WeakMap<DecodingState, Skipper>();
  let tokens = 0;
  const read = new Map(switchable.map((expert) => [expert, 0]));

  function count({ run }: Skipper, before: TokensRun): void {
    tokens += run.tokens - before.tokens;
    run.experts.forEach(({ model, tokens }, i) => {
      const known = before.experts[i]!.tokens;
      read.set(model, read.get(model)! + tokens - known);
    });
  }

  function withStates(ids: tf.Tensor2D, states: readonly DecodingState[], options: LogitsOptions): tf.Tensor3D {
    const kept: tf.Tensor2D[] = [];
    const demand = (place: number, values: tf.Tensor2D) => void (kept[place] = tf.keep(values));
    const time = ids.shape[1];
    const logits = model.logits(ids, states, skipping.below === 0 ? options : { ...options, demand });
    const rows = Object.values(kept).map((values) => values.arraySync());
    tf.dispose(Object.values(kept));
    states.forEach((state, row) => {
      const length = options.lengths?.[row] ?? time;
      const skipper = skippers.get(state) ?? createSkipper(skipping, length, places, switchable);
      skippers.set(state, skipper);
      const before = skipper.run;
      const gates = Array.from({ length }, (_, t): PredictionGates => rows.map((place) => place[row * time + t]!));
      skipper.read(gates);
      const resting = skipping.below === 0 ? undefined : skipper.decide();
      if (resting !== undefined) state.rest!(resting);
      count(skipper, before);
    });
    return logits;
  }

  function fromStart(ids: tf.Tensor2D): tf.Tensor3D {
    const [rows, time] = ids.shape;
    const states = Array.from({ length: rows }, () => model.decodingState());
    try {
      return tf.tidy(() => {
        const parts: tf.Tensor3D[] = [];
        for (let at = 0; at < time;) {
          const length = Math.min(at === 0 ? prompt : skipping.every || time, time - at);
          parts.push(withStates(tf.slice(ids, [0, at], [rows, length]), states, {}));
          at += length;
        }
        return parts.length === 1 ? parts[0]! : tf.concat(parts, 1);
      });
    } finally {
      for (const state of states) state.dispose();
    }
  }

  return {
    vocabSize,
    contextLength,
    gates,
    decodingState: (without) => model.decodingState(without),
    logits: (ids, states, options = {}) => states === undefined ? fromStart(ids) : withStates(ids, states, options),
    tokensRun: () => ({ tokens, experts: switchable.map((model) => ({ model, tokens: read.get(model)! })) }),
  };
}
