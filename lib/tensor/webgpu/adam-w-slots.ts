// What AdamW's programs share: each launch goes through several parameters, a stretch of one in each workgroup.
import type * as tf from "@tensorflow/tfjs";
import { ELEMENTS } from "./kernel.ts";
import type { Scalar } from "./program.ts";

/** Elements of one workgroup. */
export const CHUNK = 4096;

/** One parameter with what belongs to it. */
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

/** The list in runs of at most `size`. */
export function partsOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

export const each = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Declares uniforms of `count` parameters: up to which workgroup each goes, its size, and what else. */
export function slotUniforms(count: number, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kinds = Object.entries({ end: "u32", size: "u32", ...more });
  return Object.fromEntries(each(count).flatMap((i) => kinds.map(([name, type]) => [name + i, type])));
}

/** The values of these uniforms. */
export function slotValues(slots: readonly Slot[], more: (slot: Slot) => readonly Scalar[] = () => []): Scalar[] {
  return slots.flatMap((slot, i) => [chunksOf(slots.slice(0, i + 1)), slot.size, ...more(slot)]);
}

/** Statements that run one of `count` bodies: that of the parameter which the workgroup belongs to. */
export function bySlot(count: number, body: (slot: number) => string): string {
  return each(count).map((slot) => `if (group < uniforms.end${slot}) {\n${body(slot)}\n  }`).join(" else ");
}

/** The same for every element `i` of the workgroup's stretch. */
export function eachElement(count: number, body: (slot: number) => string): string {
  return bySlot(count, (slot) => `
    let begin = (group - ${slot === 0 ? "0u" : `uniforms.end${slot - 1}`}) * ${CHUNK}u;
    for (var i = begin + lane; i < min(begin + ${CHUNK}u, uniforms.size${slot}); i += ${ELEMENTS}u) {
${body(slot)}
    }`);
}
