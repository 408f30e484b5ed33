// What measuring cells cost, for plans.
import { CHOICES, SCORING_REPEATS } from "../eval/mod.ts";
import type { CellCost } from "../run/mod.ts";
import { passedLayers } from "../train/mod.ts";
import type { BtsConfig } from "./config.ts";
import { taskOf } from "./domain-tasks.ts";

/** What one forward pass of a method takes. */
export interface ForwardCost {
  /** Operations per token. */
  readonly flops: number;
  /** Models whose layers it runs through. */
  readonly models: number;
  /** Whether its losses follow from those of other methods, so that it runs only to generate. @default false */
  readonly known?: boolean;
}

/** Tokens and batches. */
interface Work {
  readonly tokens: number;
  readonly passes: number;
}

/**
 * Measuring methods one after another: all of them score the text and answer the questions, and their speed is measured.
 * How long questions are and how many prompts share a length is known only with the text; these are round numbers that
 * the presets come close to.
 */
export function evaluationCost(config: BtsConfig, methods: readonly ForwardCost[]): CellCost {
  const scored = scoringWork(config), generated = generationWork(config), probed = probingWork(config);
  let flops = 0, layers = 0;
  for (const { flops: perToken, models, known = false } of methods) {
    for (const { tokens, passes } of known ? [generated, probed] : [scored, generated, probed]) {
      flops += perToken * tokens;
      layers += models * passedLayers(config.model) * passes;
    }
  }
  return { flops, layers };
}

/** Held-out text, and choices: each with its prompt, which fills most of the context, and without it. */
function scoringWork({ data: { domains }, eval: { tokens, items, batch }, model: { contextLength } }: BtsConfig): Work {
  const choices = CHOICES * items * domains.filter((domain) => taskOf(domain)?.kind === "choice").length;
  return {
    tokens: domains.length * tokens + choices * 1.15 * contextLength,
    passes: domains.length * Math.ceil(tokens / contextLength / batch) + Math.ceil(2 * choices / batch),
  };
}

/** Prompts of about as many tokens as their answers may have; prompts of one length share a batch. */
function generationWork({ data: { domains }, eval: { items, batch } }: BtsConfig): Work {
  const tasks = domains.filter((domain) => taskOf(domain)?.kind === "generation").length;
  const batches = Math.max(Math.min(items, PROMPT_LENGTHS), Math.ceil(items / batch));
  return { tokens: 2 * tasks * items * ANSWER_TOKENS, passes: tasks * batches * ANSWER_TOKENS };
}

/** Distinct lengths of prompts. */
const PROMPT_LENGTHS = 12;
/** Tokens that are generated for each, at most. */
const ANSWER_TOKENS = 16;

/** Scoring one batch several times, for the method's speed. */
function probingWork({ eval: { tokens, batch }, model: { contextLength } }: BtsConfig): Work {
  const passes = 1 + SCORING_REPEATS;
  return { tokens: passes * Math.min(tokens, batch * contextLength), passes };
}
