// The cost of measuring cells, for plans.
import { namedTasks } from "../data/mod.ts";
import { CHOICES, SCORING_REPEATS } from "../eval/mod.ts";
import type { CellCost } from "../run/mod.ts";
import { passedLayers } from "../train/mod.ts";
import type { BtsConfig } from "./config.ts";

/** The cost of one forward pass of a method. */
export interface ForwardCost {
  /** FLOPs per token. */
  readonly flops: number;
  /** Number of models that process each token. */
  readonly models: number;
  /** Whether its losses are computed from those of other methods, so that it runs only to generate. @default false */
  readonly known?: boolean;
}

/** Tokens and batches. */
interface Work {
  readonly tokens: number;
  readonly passes: number;
}

/**
 * The cost of measuring methods one after another: scoring the text, answering the questions, and measuring the speed.
 * The lengths of the questions are known only with the text; the constants here are close to those of the presets.
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

/** Held-out text, and choices: each is scored with its prompt, which fills most of the context, and without it. */
function scoringWork({ data, eval: { tokens, items, batch }, model: { contextLength } }: BtsConfig): Work {
  const domains = Object.keys(data.domains).length;
  // The user's own tasks are counted as multiple choice, like the built-in ones: what they are is in their files.
  const choices = CHOICES * items * namedTasks(data).filter(({ kind }) => kind !== "generation").length;
  return {
    tokens: domains * tokens + choices * 1.15 * contextLength,
    passes: domains * Math.ceil(tokens / contextLength / batch) + Math.ceil(2 * choices / batch),
  };
}

/** Prompts, about as long as the longest answers; prompts of the same length share a batch. */
function generationWork({ data, eval: { items, batch } }: BtsConfig): Work {
  const tasks = namedTasks(data).filter(({ kind }) => kind === "generation").length;
  const batches = Math.max(Math.min(items, PROMPT_LENGTHS), Math.ceil(items / batch));
  return { tokens: 2 * tasks * items * ANSWER_TOKENS, passes: tasks * batches * ANSWER_TOKENS };
}

/** Number of different prompt lengths. */
const PROMPT_LENGTHS = 12;
/** Maximum number of tokens generated per prompt. */
const ANSWER_TOKENS = 16;

/** One batch, scored several times to measure the method's speed. */
function probingWork({ eval: { tokens, batch }, model: { contextLength } }: BtsConfig): Work {
  const passes = 1 + SCORING_REPEATS;
  return { tokens: passes * Math.min(tokens, batch * contextLength), passes };
}
