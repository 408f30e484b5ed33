// Shared by AdamW's programs: each launch covers several parameters, and each workgroup a chunk of one.
import type * as tf from "@tensorflow/tfjs";
import { ELEMENTS } from "./kernel.ts";
import { range, type Scalar } from "./program.ts";

/** Elements per workgroup. */
export const CHUNK = 4096;

/** A parameter with its gradient and moments. */
export interface Slot {
  readonly p: tf.TensorInfo;
  readonly g: tf.TensorInfo;
  readonly m: tf.TensorInfo;
  readonly v: tf.TensorInfo;
  readonly decay: number;
  readonly size: number;
  readonly chunks: number;
}

/** Workgroups for all of these. */
export function chunksOf(slots: readonly Slot[]): number {
  return slots.reduce((sum, { chunks }) => sum + chunks, 0);
}

/** The list split into runs of at most `size`. */
export function partsOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** Declares uniforms for `count` parameters: the workgroup where each ends, its size, and more. */
export function slotUniforms(count: number, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kinds = Object.entries({ end: "u32", size: "u32", ...more });
  return Object.fromEntries(range(count).flatMap((i) => kinds.map(([name, type]) => [name + i, type])));
}

/** The values of these uniforms. */
export function slotValues(slots: readonly Slot[], more: (slot: Slot) => readonly Scalar[] = () => []): Scalar[] {
  return slots.flatMap((slot, i) => [chunksOf(slots.slice(0, i + 1)), slot.size, ...more(slot)]);
}

/** The workgroup where a parameter's begin. */
export const startOf = (slot: number) => slot === 0 ? "0u" : `uniforms.end${slot - 1}`;

/** Statements that run one of `count` bodies: the one for the workgroup's parameter. */
export function bySlot(count: number, body: (slot: number) => string): string {
  return range(count).map((slot) => `if (group < uniforms.end${slot}) {\n${body(slot)}\n  }`).join(" else ");
}

/** The same for every element `i` of the workgroup's chunk. */
export function eachElement(count: number, body: (slot: number) => string): string {
  return bySlot(count, (slot) => `
    let begin = (group - ${startOf(slot)}) * ${CHUNK}u;
    for (var i = begin + lane; i < min(begin + ${CHUNK}u, uniforms.size${slot}); i += ${ELEMENTS}u) {
${body(slot)}
    }`);
}
