// Biases, head norms, wider heads and windows in stitched models: stacks and half precision change nothing but rounding.
import * as tf from "@tensorflow/tfjs";
import { type HostWeights, type ModelConfig, toDevice } from "../../lib/model/mod.ts";
import { freezeModels, stitchedLanguageModel, stitchModels } from "../../lib/stitch/mod.ts";
import { stitchedForward } from "../../lib/stitch/model.ts";
import { deviceTest } from "../backends.ts";
import {
  assertClose,
  assertFar,
  BEYOND_PLAIN,
  bigWeights,
  noisyStitches,
  stitchConfig,
  TINY,
  tokens,
} from "../tiny.ts";
import { disposeAll, statesOf } from "../decoding.ts";

const T = TINY.contextLength;

/** The weights as half precision holds them: matrices with rows of even length. */
function rounded(weights: HostWeights): HostWeights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => [
      name,
      { shape, data: shape.length === 1 ? data : Float32Array.from(new Float16Array(data)) },
    ]),
  );
}

for (const [what, changes] of Object.entries(BEYOND_PLAIN)) {
  const config: ModelConfig = { ...TINY, ...changes };
  const models = [1, 2, 3].map((seed) => bigWeights(config, seed));

  const precisions = config.qkNorm === true ? ["float32", "half"] as const : ["float32"] as const;
  for (const frozen of precisions) {
    deviceTest(`stacks give the logits of models one by one, frozen ${frozen}, ${what}`, () => {
      const stitch = stitchConfig({ count: 2, frozen });
      const shared = { config, stitch, stitches: toDevice(noisyStitches(stitch, 2, 3, config)) };
      const [hub, ...experts] = models.map((model) => toDevice(frozen === "half" ? rounded(model) : model));
      const ids = tokens(2, T);
      const documents = tf.tensor2d([[0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1], Array(12).fill(7)], [2, T], "int32");
      const each = stitchModels({ ...shared, hub: hub!, experts });
      const stacked = stitchModels({ ...shared, ...freezeModels(config, stitch, models) });
      const whole = stitchedForward(each, ids);
      assertClose(stitchedForward(stacked, ids), whole, 1e-4);
      const packed = stitchedForward(each, ids, { documents });
      assertClose(stitchedForward(stacked, ids, { documents }), packed, 1e-4, "packed");
      assertFar(packed, whole, 0.01, "packed and whole");
      if (frozen === "half") return; // slow without its kernels
      const model = stitchedLanguageModel(stacked);
      const states = statesOf(model, 2);
      const parts = Array.from({ length: T }, (_, t) => model.logits(tf.slice(ids, [0, t], [2, 1]), states));
      assertClose(tf.concat(parts, 1), whole, 1e-4, "with a cache");
      disposeAll(states);
    });
  }
}
