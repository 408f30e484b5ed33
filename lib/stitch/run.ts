// Runs the models of a stitched model through the layers between two stitches, one by one or as stacks.
import * as tf from "@tensorflow/tfjs";
import { decoderLayer, type KvCache, type KvCaches, type Pass } from "../model/mod.ts";
import { untaped } from "../tensor/mod.ts";
import type { States } from "./kinds/kind.ts";
import type { StitchedModel } from "./stitched-model.ts";
import type { StreamGroup } from "./stream-groups.ts";

/**
 * Runs layers `from` (counted from 0) up to `to`, with no stitch between them, of every model that they need. Operations
 * on inputs that do not depend on a stitch are not recorded on the tape.
 */
export function runLayers(
  model: StitchedModel,
  streams: States,
  from: number,
  to: number,
  pass: Pass,
  states?: readonly KvCaches[],
): States {
  if (from === to) return streams;
  const all = [streams.hub, ...streams.experts];
  model.groups[from]!.forEach((group, r) => {
    const run = model.stacks === undefined ? runEach : runStack;
    run(model, group, r, all, from, to, pass, states).forEach((h, i) => all[group.models[i]!] = h);
  });
  return { hub: all[0]!, experts: all.slice(1) };
}

type RunGroup = (
  model: StitchedModel,
  group: StreamGroup,
  index: number,
  streams: readonly tf.Tensor2D[],
  from: number,
  to: number,
  pass: Pass,
  states?: readonly KvCaches[],
) => readonly tf.Tensor2D[];

/** Runs the models of a group one after another. */
const runEach: RunGroup = ({ config, hub, experts }, { models, graph }, _index, streams, from, to, pass, states) =>
  models.map((i) =>
    onTape(graph, () => {
      let h = streams[i]!;
      const weights = i === 0 ? hub : experts[i - 1]!;
      const caches = cachesOf([i], states);
      for (let layer = from; layer < to; layer++) {
        h = decoderLayer(config, weights, layer, h, pass, caches);
      }
      return h;
    })
  );

/** Runs the models of a group as one, with their batch rows one after another. */
const runStack: RunGroup = ({ config, stacks }, { models, graph }, index, streams, from, to, pass, states) => {
  const count = models.length;
  const { documents } = pass;
  const caches = cachesOf(models, states);
  const stacked = { ...pass, documents: documents === undefined ? undefined : tf.tile(documents, [count, 1]) };
  const out = onTape(graph, () => {
    let h = count === 1 ? streams[models[0]!]! : tf.concat(models.map((i) => streams[i]!), 0);
    for (let layer = from; layer < to; layer++) {
      h = decoderLayer(config, stacks![layer]![index]!.weights, layer, h, stacked, caches);
    }
    return h;
  });
  return count === 1 ? [out] : tf.split(out, count, 0); // tfjs's `split` into one part has no gradient
};

/** The caches of a group's rows: of each sequence for the first model, then for the next. */
function cachesOf(models: readonly number[], states: readonly KvCaches[] | undefined): readonly KvCache[] | undefined {
  return states && models.flatMap((i) => states.map(({ caches }) => caches[i]!));
}

function onTape<T extends tf.Tensor>(graph: boolean, f: () => T): T {
  return graph ? f() : untaped(f);
}
