// Logit bias and penalties for tokens that occurred.
import type { SamplingSettings } from "../types.ts";

/** Changes logits by what has occurred so far. */
export interface Penalties {
  /** Changes `logits` (`[vocab]`) in place. */
  apply(logits: Float32Array): void;
  /** Counts a generated token. */
  accept(id: number): void;
}

/**
 * Logit bias, then the repetition penalty, then the frequency and presence penalties.
 *
 * The repetition penalty is for tokens of the prompt, too (Keskar et al., arXiv 1909.05858, §4.1, as in transformers);
 * the others are for generated tokens only (as in OpenAI's API).
 */
export function penalties(settings: Required<SamplingSettings>, prompt: readonly number[]): Penalties {
  const { logitBias, repetitionPenalty, frequencyPenalty, presencePenalty } = settings;
  const repetition = Math.fround(repetitionPenalty); // then products and quotients are float32's, as in PyTorch
  const isRepetition = repetition !== 1;
  const isCounted = frequencyPenalty !== 0 || presencePenalty !== 0;
  const occurred = new Set<number>(isRepetition ? prompt : []);
  const generated = new Map<number, number>();
  return {
    apply(logits) {
      for (const [id, bias] of logitBias) logits[id]! += bias;
      for (const id of occurred) {
        const logit = logits[id]!;
        logits[id] = logit < 0 ? logit * repetition : logit / repetition;
      }
      for (const [id, count] of generated) logits[id]! -= count * frequencyPenalty + presencePenalty;
    },
    accept(id) {
      if (isRepetition) occurred.add(id);
      if (isCounted) generated.set(id, (generated.get(id) ?? 0) + 1);
    },
  };
}
