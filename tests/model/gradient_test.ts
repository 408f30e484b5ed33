// The decoder's gradients against finite differences, for one weight of every kind.
import * as tf from "@tensorflow/tfjs";
import { forward, type HostWeights, type ModelConfig, toDevice, toVariables } from "../../lib/model/mod.ts";
import { crossEntropy } from "../../lib/tensor/mod.ts";
import { deviceTest } from "../backends.ts";
import { assertGradient, BEYOND_PLAIN, bigWeights, TINY, tokens } from "../tiny.ts";

const MODELS = {
  "embeddings untied": {},
  "embeddings tied": { tiedEmbeddings: true },
  ...BEYOND_PLAIN,
} as const satisfies Readonly<Record<string, Partial<ModelConfig>>>;

for (const [what, changes] of Object.entries(MODELS)) {
  deviceTest(`\`forward()\` has the gradients of its loss, ${what}`, () => {
    const config: ModelConfig = { ...TINY, layers: 2, ...changes };
    const weights = bigWeights(config, 3);
    const ids = tokens(2, 6, 4);
    const targets = tokens(2, 6, 5).reshape([12]) as tf.Tensor1D;
    const documents = tf.tensor2d([[0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1]], [2, 6], "int32");
    const loss = (device: Readonly<Record<string, tf.Tensor>>): tf.Scalar => {
      const logits = forward(config, device, ids, { documents }).reshape([12, config.vocabSize]);
      return tf.mean(crossEntropy(logits as tf.Tensor2D, targets));
    };
    const variables = toVariables(weights);
    const { grads } = tf.variableGrads(() => loss(variables), Object.values(variables));
    const token = ids.dataSync()[0]!;
    const lossOf = (changed: HostWeights) => {
      const device = toDevice(changed);
      const value = tf.tidy(() => loss(device).dataSync()[0]!);
      tf.dispose(device);
      return value;
    };
    // The second layer has the window, and the last one's output does not pass through a norm of a head.
    const kinds = Object.keys(weights).filter((name) => !name.includes("layers.1.") || /norm|bias/.test(name));
    for (const name of kinds) {
      const { shape, data } = weights[name]!;
      const places = name.includes("embed") ? [token * config.width + 3, 17] : [0, Math.floor(data.length / 2) + 1];
      const moved = (values: Float32Array) => lossOf({ ...weights, [name]: { shape, data: values } });
      assertGradient(data, grads[variables[name]!.name]!.dataSync(), moved, { places }, name);
    }
    tf.dispose(variables);
  });
}
