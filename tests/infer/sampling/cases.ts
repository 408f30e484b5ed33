// The cases that fixtures/make.py computed with transformers.
import type { SamplingSettings } from "../../../lib/infer/mod.ts";

export interface Case {
  readonly settings: SamplingSettings;
  readonly prompt: readonly number[];
  readonly logits: Float32Array;
  /** Of the unmodified distribution, in float64. */
  readonly logprobs: readonly number[];
  /** That sampling draws from; undefined for greedy decoding. */
  readonly probs?: readonly number[];
  /** That greedy decoding takes. */
  readonly id?: number;
}

export async function readCases(): Promise<readonly Case[]> {
  const text = await Deno.readTextFile(new URL("fixtures/transformers.json", import.meta.url));
  // deno-lint-ignore no-explicit-any
  return JSON.parse(text).map(({ settings: { logitBias, ...settings }, logits, ...rest }: any) => ({
    settings: logitBias === undefined ? settings : {
      ...settings,
      logitBias: new Map(Object.entries(logitBias).map(([id, bias]) => [Number(id), bias as number])),
    },
    logits: Float32Array.from(logits),
    ...rest,
  }));
}
