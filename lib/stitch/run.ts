// How the models of a stitched model run through the layers between two stitches: side by side, each or as stacks.
import * as tf from "@tensorflow/tfjs";
import { decoderLayer, type DecodingState, KvCache, type Pass } from "../model/mod.ts";
import { untaped } from "../tensor/mod.ts";
import type { States } from "./layer.ts";
import type { StitchedModel } from "./stitched-model.ts";
import type { Road } from "./roads.ts";

/**
 * One cache a model, the hub's first: keys and values of one are never another's. Models that run as a stack have one
 * cache for each road through a layer, in which every model has batch rows of its own.
 */
export class StitchedState implements DecodingState {
  readonly caches: readonly KvCache[];

  constructor(caches: number, layers: number) {
    this.caches = Array.from({ length: caches }, () => new KvCache(layers));
  }

  get length(): number {
    return this.caches[0]!.length;
  }

  dispose(): void {
    for (const cache of this.caches) cache.dispose();
  }
}

/**
 * Runs layers `from` (from 0) up to `to`, no stitch among them, of every model that runs there. Where nothing trained
 * lies before them, the tape does not hear of it.
 */
export function decodeLayers(
  model: StitchedModel,
  streams: States,
  from: number,
  to: number,
  pass: Pass,
  state?: StitchedState,
): States {
  if (from === to) return streams;
  const all = [streams.hub, ...streams.experts];
  model.roads[from]!.forEach((road, r) => {
    const run = model.stacks === undefined ? runEach : runStack;
    run(model, road, r, all, from, to, pass, state).forEach((h, i) => all[road.models[i]!] = h);
  });
  return { hub: all[0]!, experts: all.slice(1) };
}

type RunRoad = (
  model: StitchedModel,
  road: Road,
  index: number,
  streams: readonly tf.Tensor2D[],
  from: number,
  to: number,
  pass: Pass,
  state?: StitchedState,
) => readonly tf.Tensor2D[];

/** The models of a road one after another. */
const runEach: RunRoad = ({ config, hub, experts }, { models, graph }, _index, streams, from, to, pass, state) =>
  models.map((i) =>
    onTape(graph, () => {
      let h = streams[i]!;
      const weights = i === 0 ? hub : experts[i - 1]!;
      for (let layer = from; layer < to; layer++) {
        h = decoderLayer(config, weights, layer, h, pass, state?.caches[i]);
      }
      return h;
    })
  );

/** The models of a road as one, their rows of the batch one after another. */
const runStack: RunRoad = ({ config, stacks }, { models, graph }, index, streams, from, to, pass, state) => {
  const count = models.length;
  const { documents } = pass;
  const stacked = { ...pass, documents: documents === undefined ? undefined : tf.tile(documents, [count, 1]) };
  const out = onTape(graph, () => {
    let h = count === 1 ? streams[models[0]!]! : tf.concat(models.map((i) => streams[i]!), 0);
    for (let layer = from; layer < to; layer++) {
      h = decoderLayer(config, stacks![layer]![index]!.weights, layer, h, stacked, state?.caches[index]);
    }
    return h;
  });
  return count === 1 ? [out] : tf.split(out, count, 0); // tfjs's `split` into one part has no gradient
};

function onTape<T extends tf.Tensor>(graph: boolean, f: () => T): T {
  return graph ? f() : untaped(f);
}
