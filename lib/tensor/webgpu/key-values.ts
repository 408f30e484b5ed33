// Cached keys and values on WebGPU: buffers `[1, capacity, kvHeads, headSize]` that new tokens are written into.
import type * as tf from "@tensorflow/tfjs";
import { KEY_VALUES_COPY, KEY_VALUES_VIEW, KEY_VALUES_WRITE, type KeyValuesCopy } from "../ops/key-values.ts";
import type { StitchbookWebGPU } from "./backend.ts";
import { type KernelFunction, perElement, register, sizeOf } from "./kernel.ts";

type Info = tf.TensorInfo;

const copy: KernelFunction = ({ inputs, attrs, backend }) => {
  const { kvHeads, headSize, length, capacity } = attrs as unknown as KeyValuesCopy;
  const old = Object.values(inputs);
  return [0, 1].map((part) => {
    const made = backend.output([1, capacity, kvHeads, headSize]);
    if (old[part] !== undefined) write(backend, old[part], made, 0, length * kvHeads * headSize);
    return made;
  });
};

const writeTokens: KernelFunction = ({ inputs: { x, to }, attrs, backend }) => {
  backend.check(x!);
  backend.prepareUpdate(to!);
  write(backend, x!, to!, (attrs["at"] as number) * sizeOf(to!.shape.slice(2)), sizeOf(x!.shape));
  return sameValues(backend, to!, to!.shape);
};

const view: KernelFunction = ({ inputs: { x }, attrs, backend }) =>
  sameValues(backend, x!, [1, attrs["length"] as number, ...x!.shape.slice(2)]);

/** Writes the first `count` numbers of a tensor into another, from number `at` on. */
function write(backend: StitchbookWebGPU, x: Info, to: Info, at: number, count: number): void {
  if (count === 0) return;
  perElement(backend, {
    key: "writeKeyValues",
    count,
    reads: { x: ["f32", x] },
    writes: { to: ["f32", to] },
    uniforms: { at },
    body: () => `  to[uniforms.at + i] = x[i];`,
  });
}

/** A tensor with the first of another's values. */
function sameValues(backend: StitchbookWebGPU, { dataId, dtype }: Info, shape: number[]): Info {
  backend.incRef(dataId);
  return { dataId, dtype, shape };
}

register(KEY_VALUES_COPY, copy);
register(KEY_VALUES_WRITE, writeTokens);
register(KEY_VALUES_VIEW, view);
