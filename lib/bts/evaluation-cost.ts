// The cost of measuring cells, for plans.
import { namedTasks } from "../data/mod.ts";
import { CHOICES, DECODED_TOKENS, SCORING_REPEATS } from "../eval/mod.ts";
import type { CellCost } from "../run/mod.ts";
import { passedLayers } from "../train/mod.ts";
import type { BtsConfig } from "./config.ts";

/** The cost of one forward pass of a method. */
export interface ForwardCost {
  /** FLOPs per token. */
  readonly flops: number;
  /** Number of models that process each token. */
  readonly models: number;
  /**
   * What is computed from the losses and predictions of other methods, without running it: the losses, so that it runs to
   * find the most likely tokens of held-out text and to generate; or both, so that it runs only to generate.
   */
  readonly known?: "losses" | "predictions";
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
  const heldOut = heldOutWork(config), choices = choiceWork(config);
  const always = [generationWork(config), probingWork(config), decodingWork(config)];
  let flops = 0, layers = 0;
  for (const { flops: perToken, models, known } of methods) {
    const scored = known === undefined ? [heldOut, choices] : known === "losses" ? [heldOut] : [];
    for (const { tokens, passes } of [...scored, ...always]) {
      flops += perToken * tokens;
      layers += models * passedLayers(config.model) * passes;
    }
  }
  return { flops, layers };
}

/** Held-out text. */
function heldOutWork({ data, eval: { tokens, batch }, model: { contextLength } }: BtsConfig): Work {
  const domains = Object.keys(data.domains).length;
  return { tokens: domains * tokens, passes: domains * Math.ceil(tokens / contextLength / batch) };
}

/** Choices: each is scored with its prompt, which fills most of the context, and without it. */
function choiceWork({ data, eval: { items, batch }, model: { contextLength } }: BtsConfig): Work {
  // The user's own tasks are counted as multiple choice, like the built-in ones: what they are is in their files.
  const choices = CHOICES * items * namedTasks(data).filter(({ kind }) => kind !== "generation").length;
  return { tokens: choices * 1.15 * contextLength, passes: Math.ceil(2 * choices / batch) };
}

/** One sequence, token by token. */
function decodingWork({ model: { contextLength } }: BtsConfig): Work {
  const tokens = Math.min(DECODED_TOKENS, contextLength);
  return { tokens, passes: tokens };
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
