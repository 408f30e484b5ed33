// A decoder's weights: named tensors, drawn at random or copied from arrays.
import * as tf from "@tensorflow/tfjs";
import { UserError } from "../errors.ts";
import { type Random, random } from "../random.ts";
import { streamedTensor, weightShape } from "../tensor/mod.ts";
import { type ModelConfig, weightShapes } from "./config.ts";

/** Tensors by Hugging Face name. */
export type Weights = Readonly<Record<string, tf.Tensor>>;

/** A tensor in host memory. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Host tensors by Hugging Face name. */
export type HostWeights = Readonly<Record<string, HostTensor>>;

/**
 * Initial weights: normal with standard deviation 0.02, or 0.02 / √(2L) for projections into the residual stream
 * (GPT-2's scaling); norms are 1, biases 0. A pure function of its arguments.
 *
 * @example
 * ```ts
 * import { initialWeights, modelConfigSchema } from "@stitchbook/stitchbook/model";
 * import assert from "node:assert/strict";
 *
 * const config = modelConfigSchema.parse({ vocabSize: 300, width: 16, layers: 1, inner: 32 });
 * const weights = initialWeights(config, 7);
 * assert.deepEqual(weights["model.embed_tokens.weight"]!.shape, [300, 16]);
 * assert.deepEqual(weights, initialWeights(config, 7));
 * ```
 */
export function initialWeights(config: ModelConfig, rngSeed: number): HostWeights {
  const weights: Record<string, HostTensor> = {};
  for (const [name, shape] of weightShapes(config)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const data = new Float32Array(size);
    if (shape.length === 1) data.fill(name.endsWith(".bias") ? 0 : 1);
    else {
      const residual = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
      fillNormal(data, 0.02 / (residual ? Math.sqrt(2 * config.layers) : 1), random(rngSeed, "weights", name));
    }
    weights[name] = { shape, data };
  }
  return weights;
}

/** Fills `data` with normal variates of mean 0 and the given standard deviation. */
export function fillNormal(data: Float32Array, deviation: number, source: Random): void {
  for (let i = 0; i < data.length; i++) data[i] = deviation * source.normal();
}

/**
 * Checks that `weights` has exactly the names and shapes of `config`.
 *
 * @throws UserError `model.weights` naming the first weight that is missing, unknown or of the wrong shape
 */
export function checkWeights(
  config: ModelConfig,
  weights: Readonly<Record<string, { readonly shape: readonly number[] }>>,
  where: string,
): void {
  const shapes = weightShapes(config);
  for (const [name, shape] of shapes) {
    const found = Object.hasOwn(weights, name) ? weights[name] : undefined;
    if (found === undefined) throw new UserError("model.weights", `${where} lacks the weight "${name}"`);
    if (String(shapeOf(found)) !== String(shape)) {
      throw new UserError("model.weights", `${where}: "${name}" has the shape [${shapeOf(found)}], not [${shape}]`);
    }
  }
  const extra = Object.keys(weights).find((name) => !shapes.has(name));
  if (extra !== undefined) throw new UserError("model.weights", `${where} has the unknown weight "${extra}"`);
}

/** The shape of a weight's numbers, in host memory or on the device, packed or not. */
export function shapeOf(weight: { readonly shape: readonly number[] }): readonly number[] {
  return weight instanceof tf.Tensor ? weightShape(weight) : weight.shape;
}

/** Weights on the device that their owner frees: at the end of a block (`using`), or with {@linkcode disposeWeights}. */
export type OwnedWeights<T extends tf.Tensor = tf.Tensor> = Readonly<Record<string, T>> & Disposable;

/** Copies weights to the device, frozen. */
export function toDevice(weights: HostWeights): OwnedWeights {
  return owned(mapRecord(weights, onDevice));
}

/** Copies weights to the device as variables that an optimizer can change. */
export function toVariables(weights: HostWeights): OwnedWeights<tf.Variable> {
  return owned(
    mapRecord(weights, (weight) => {
      const values = onDevice(weight);
      const variable = tf.variable(values);
      values.dispose();
      return variable;
    }),
  );
}

function onDevice({ shape, data }: HostTensor): tf.Tensor {
  return streamedTensor([...shape], "float32", (into, begin) => {
    into.set(new Uint8Array(data.buffer, data.byteOffset + begin, into.length));
  });
}

/** Weights that can be disposed. The disposer is not enumerable: spread copies and loops over the names leave it out. */
export function owned<T extends tf.Tensor>(weights: Readonly<Record<string, T>>): OwnedWeights<T> {
  return Object.defineProperty({ ...weights }, Symbol.dispose, {
    value: () => disposeWeights(weights),
  }) as OwnedWeights<T>;
}

/** Copies weights from the device. */
export async function toHost(weights: Weights): Promise<HostWeights> {
  const host: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(weights)) {
    host[name] = { shape: tensor.shape, data: new Float32Array(await tensor.data()) };
  }
  return host;
}

/** Frees weights. Freeing them twice does no harm. */
export function disposeWeights(weights: Weights): void {
  for (const tensor of Object.values(weights)) tensor.dispose();
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
