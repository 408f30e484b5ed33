// Memory for the keys and values of one sequence in one layer. It grows by doubling; tokens are added in place.
import * as tf from "@tensorflow/tfjs";
import { hasKernel, runKernel } from "../kernels.ts";

/**
 * Name of the kernel that makes room: inputs, as a list, nothing or the old `k` and `v`; attributes
 * {@linkcode KeyValuesCopy}; outputs `[k, v]`, laid out as the backend likes. A backend that has it also has
 * {@linkcode CACHED_ATTENTION}, or else {@linkcode KEY_VALUES_WRITE} and {@linkcode KEY_VALUES_VIEW}.
 */
export const KEY_VALUES_COPY = "StitchbookKeyValuesCopy";
/** Name of the kernel that writes `x` `[1, T, G, D]` at position `at` of `to` `[1, capacity, G, D]`; its output is `to`. */
export const KEY_VALUES_WRITE = "StitchbookKeyValuesWrite";
/** Name of the kernel whose output is the first `length` positions of `x`, sharing its values. */
export const KEY_VALUES_VIEW = "StitchbookKeyValuesView";
/** Name of the fused kernel, see {@linkcode cachedAttention}. */
export const CACHED_ATTENTION = "StitchbookCachedAttention";

/** Attributes of {@linkcode KEY_VALUES_COPY}: room for `capacity` positions, of which `length` are copied. */
export interface KeyValuesCopy {
  readonly kvHeads: number;
  readonly headSize: number;
  readonly length: number;
  /** Of what is copied from. */
  readonly from: number;
  readonly capacity: number;
}

/** The keys (rotated) and values of one sequence in one layer. How many positions are in use, its owner knows. */
export interface KeyValues {
  readonly kvHeads: number;
  readonly headSize: number;
  /** Most positions that it will hold. */
  readonly limit: number;
  /** Positions that there is room for. */
  capacity: number;
  k: tf.Tensor | undefined;
  v: tf.Tensor | undefined;
}

/** Positions that room is made for at first. */
const LEAST = 64;
/** Room is a multiple of this: the widest panel of the CPU's products. */
const UNIT = 32;

/** Positions that there is room for once there are `length`, of at most `limit`. */
export function keyValuesCapacity(length: number, limit: number): number {
  const doubled = length <= LEAST ? LEAST : 2 ** Math.ceil(Math.log2(length));
  return Math.max(Math.ceil(length / UNIT) * UNIT, Math.min(doubled, Math.ceil(limit / UNIT) * UNIT));
}

/** Bytes of the keys and values of `length` positions, with the room for more. */
export function keyValuesBytes(
  { kvHeads, headSize, limit }: Pick<KeyValues, "kvHeads" | "headSize" | "limit">,
  length: number,
): number {
  return length === 0 ? 0 : 8 * kvHeads * headSize * keyValuesCapacity(length, limit);
}

/** Memory for a sequence; it takes none until something is written. */
export function keyValues(shape: Pick<KeyValues, "kvHeads" | "headSize" | "limit">): KeyValues {
  return { ...shape, capacity: 0, k: undefined, v: undefined };
}

/** Makes room for `length` positions, of which the first `used` are in use. */
export function makeRoom(memory: KeyValues, used: number, length: number): void {
  if (length <= memory.capacity || !hasKernel(KEY_VALUES_COPY)) return;
  const { k, v } = memory;
  Object.assign(memory, copied(memory, used, keyValuesCapacity(length, memory.limit)));
  k?.dispose();
  v?.dispose();
}

/** Another sequence's memory that begins with the first `length` positions of this one. */
export function forkKeyValues(memory: KeyValues, length: number): KeyValues {
  if (length === 0 || memory.k === undefined) return keyValues(memory);
  if (hasKernel(KEY_VALUES_COPY)) {
    return { ...memory, ...copied(memory, length, keyValuesCapacity(length, memory.limit)) };
  }
  const part = (x: tf.Tensor) => tf.keep(tf.slice(x, [0, 0, 0, 0], [1, length, -1, -1]));
  return { ...memory, k: part(memory.k), v: part(memory.v!) };
}

function copied({ k, v, kvHeads, headSize, capacity: from }: KeyValues, length: number, capacity: number) {
  const attributes: KeyValuesCopy = { kvHeads, headSize, length, from, capacity };
  const made = runKernel<tf.Tensor[]>(KEY_VALUES_COPY, k === undefined ? [] : [k, v!], { ...attributes });
  return { capacity, k: tf.keep(made[0]!), v: tf.keep(made[1]!) };
}

/** Frees the memory; it can be written to again. */
export function disposeKeyValues(memory: KeyValues): void {
  memory.k?.dispose();
  memory.v?.dispose();
  memory.k = memory.v = undefined;
  memory.capacity = 0;
}
