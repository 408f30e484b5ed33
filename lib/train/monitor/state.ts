// What the monitor remembers from step to step: plain JSON, kept in checkpoints, so that a resumed run judges alike.
import { z } from "zod";

const stepOrNull = z.int().positive().nullable();

export const monitorStateSchema = z.strictObject({
  /** Step and loss of the steps that a median may be taken of, oldest first; finite losses only. */
  losses: z.array(z.tuple([z.int(), z.number()])),
  /** The last step with a spike, and the last with a bimodal update. */
  spiked: stepOrNull,
  bimodal: stepOrNull,
  /** The first loss of the training, and the step since which losses are far above a uniform guess. */
  first: z.number().nullable().default(null),
  exploded: stepOrNull.default(null),
  /** The last step whose batch was skipped, and how many were without a longer pause. */
  skippedAt: stepOrNull,
  skipped: z.int().nonnegative(),
  /** Times that training went back. */
  rewinds: z.int().nonnegative(),
  /** Times that ε was lowered. */
  lowered: z.int().nonnegative(),
  /** Whether updates are clipped from now on. */
  clipping: z.boolean(),
  /** Sampled gradients of a step, group by group: float32 in base64. */
  previous: z.strictObject({ step: z.int(), gradients: z.array(z.string()) }).nullable(),
});

export type MonitorState = z.infer<typeof monitorStateSchema>;

export const FRESH_STATE: MonitorState = {
  losses: [],
  spiked: null,
  bimodal: null,
  first: null,
  exploded: null,
  skippedAt: null,
  skipped: 0,
  rewinds: 0,
  lowered: 0,
  clipping: false,
  previous: null,
};

/** The state without what it knows of `step` and later steps: training went back. */
export function forgetFrom(state: MonitorState, step: number): MonitorState {
  const latest = Math.max(state.losses.at(-1)?.[0] ?? 0, state.previous?.step ?? 0, state.skippedAt ?? 0);
  if (latest < step) return state;
  const before = (at: number | null) => at !== null && at < step ? at : null;
  return {
    ...state,
    losses: state.losses.filter(([at]) => at < step),
    spiked: before(state.spiked),
    bimodal: before(state.bimodal),
    exploded: before(state.exploded),
    skippedAt: before(state.skippedAt),
    previous: state.previous !== null && state.previous.step < step ? state.previous : null,
  };
}

/** Float32 values as base64, and back. */
export function packFloats(values: Float32Array): string {
  return new Uint8Array(values.slice().buffer).toBase64();
}

export function unpackFloats(text: string): Float32Array {
  return new Float32Array(Uint8Array.fromBase64(text).buffer);
}
