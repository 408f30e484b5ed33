// The monitor's state: plain JSON, saved in checkpoints, so that a resumed run makes the same decisions.
import { z } from "zod";

const stepOrNull = z.int().positive().nullable();

export const monitorStateSchema = z.strictObject({
  /** Step and loss of the last steps, oldest first; finite losses only. */
  losses: z.array(z.tuple([z.int(), z.number()])),
  /** The last step with a spike, and the last with a bimodal update ratio. */
  spiked: stepOrNull,
  bimodal: stepOrNull,
  /** The first loss of the training, and the step since which losses have been above the explosion limit. */
  first: z.number().nullable().default(null),
  exploded: stepOrNull.default(null),
  /** The last skipped step, and the number of steps skipped without a longer pause. */
  skippedAt: stepOrNull,
  skipped: z.int().nonnegative(),
  /** Number of rewinds. */
  rewinds: z.int().nonnegative(),
  /** Number of times that ε was lowered. */
  lowered: z.int().nonnegative(),
  /** Whether updates are clipped. */
  clipping: z.boolean(),
  /** Sampled gradients of one step, by group: float32 in base64. */
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

/** The state after a rewind: without its entries about `step` and later steps. */
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

/** Float32 values as base64. */
export function packFloats(values: Float32Array): string {
  return new Uint8Array(values.slice().buffer).toBase64();
}

/** Float32 values from base64. */
export function unpackFloats(text: string): Float32Array {
  return new Float32Array(Uint8Array.fromBase64(text).buffer);
}
