// The states that a mixture's routers read when every token is sent to one expert.
import * as tf from "@tensorflow/tfjs";
import {
  attention,
  beginPass,
  embed,
  feedForward,
  type ModelConfig,
  type Pass,
  type Weights,
} from "../../model/mod.ts";
import { rmsNorm } from "../../tensor/mod.ts";
import { expertPrefix } from "./config.ts";

/** Number of documents that run at once. */
export const DOCUMENTS_AT_ONCE = 8;

/**
 * The inputs of every layer's feed-forward block, where all tokens are sent to one expert.
 *
 * @param weights of a mixture with averaged attention
 * @param ids int32 `[B, T]`
 * @returns by layer, `[B·T, d]`
 */
export function routerInputs(config: ModelConfig, weights: Weights, expert: number, ids: tf.Tensor2D): tf.Tensor2D[] {
  const pass = beginPass(config, ids.shape[1]);
  let h = embed(weights, ids).reshape([-1, config.width]) as tf.Tensor2D;
  return Array.from({ length: config.layers }, (_, layer) => {
    const [x, next] = tf.tidy(() => layerOf(config, weights, expert, layer, h, pass));
    h = next;
    return x;
  });
}

function layerOf(
  config: ModelConfig,
  weights: Weights,
  expert: number,
  layer: number,
  h: tf.Tensor2D,
  pass: Pass,
): [tf.Tensor2D, tf.Tensor2D] {
  const prefix = `model.layers.${layer}.`;
  const norm = (name: string, x: tf.Tensor2D) =>
    rmsNorm(x, weights[`${prefix}${name}.weight`]!, config.normEps) as tf.Tensor2D;
  const attended = attention(config, weights, `${prefix}self_attn.`, norm("input_layernorm", h), pass, layer);
  const middle = tf.add(h, attended) as tf.Tensor2D;
  const x = norm("post_attention_layernorm", middle);
  return [x, tf.add(middle, feedForward(weights, expertPrefix(layer, "mlp", expert), x))];
}

/**
 * {@linkcode routerInputs} of documents, copied from the device a few documents at a time: by layer, the states of all
 * their tokens, `[tokens, d]`.
 *
 * @param documents token ids, none longer than the context length
 */
export async function* documentStates(
  config: ModelConfig,
  weights: Weights,
  expert: number,
  documents: readonly Int32Array[],
): AsyncGenerator<Float32Array[]> {
  for (let from = 0; from < documents.length; from += DOCUMENTS_AT_ONCE) {
    const batch = documents.slice(from, from + DOCUMENTS_AT_ONCE);
    const time = Math.max(...batch.map(({ length }) => length));
    const rows = new Int32Array(batch.length * time); // padded at the end, which no earlier token sees
    batch.forEach((document, row) => rows.set(document, row * time));
    const layers = tf.tidy(() =>
      routerInputs(config, weights, expert, tf.tensor2d(rows, [batch.length, time], "int32"))
    );
    const states: Float32Array[] = [];
    for (const layer of layers) states.push(withoutPadding(await layer.data<"float32">(), batch, time, config.width));
    tf.dispose(layers);
    yield states;
  }
}

function withoutPadding(values: Float32Array, documents: readonly Int32Array[], time: number, width: number) {
  const kept = new Float32Array(documents.reduce((sum, { length }) => sum + length, 0) * width);
  let at = 0;
  documents.forEach(({ length }, row) => {
    kept.set(values.subarray(row * time * width, (row * time + length) * width), at);
    at += length * width;
  });
  return kept;
}
