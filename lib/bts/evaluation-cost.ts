// The cost of measuring cells, for plans.
import { type NamedTask, namedTasks } from "../data/mod.ts";
import { CHOICES, DECODED_TOKENS, SCORING_REPEATS } from "../eval/mod.ts";
import type { CellCost } from "../run/mod.ts";
import { logitsHeld } from "../tensor/mod.ts";
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

/** What a cell measures methods on. */
export type MeasuredPart = "all" | "text" | "tasks";

/**
 * The cost of measuring methods one after another: scoring the text, answering the questions, and measuring the speed.
 * The lengths of the questions are known only with the text; the constants here are close to those of the presets.
 *
 * @param held the most parameters that are in memory at one time
 */
export function evaluationCost(
  config: BtsConfig,
  methods: readonly ForwardCost[],
  part: MeasuredPart = "all",
  held = 0,
): CellCost {
  const { vocabSize } = config.tokenizer;
  const none = { tokens: 0, passes: 0 };
  const heldOut = part === "tasks" ? none : heldOutWork(config);
  const choices = part === "text" ? none : choiceWork(config);
  const always = [
    ...(part === "text" ? [] : [generationWork(config)]),
    ...(part === "tasks" ? [] : [probingWork(config), decodingWork(config)]),
  ];
  let flops = 0, layers = 0;
  for (const { flops: perToken, models, known } of methods) {
    const scored = known === undefined ? [heldOut, choices] : known === "losses" ? [heldOut] : [];
    for (const { tokens, passes } of [...scored, ...always]) {
      flops += perToken * tokens;
      layers += models * passedLayers(config.model) * passes;
    }
  }
  return { flops, layers, bytes: 4 * (held + logitsHeld(config.eval.batch * config.model.contextLength, vocabSize)) };
}

/** Held-out text. */
function heldOutWork({ data, eval: { tokens, batch }, model: { contextLength } }: BtsConfig): Work {
  const domains = Object.keys(data.domains).length;
  return { tokens: domains * tokens, passes: domains * Math.ceil(tokens / contextLength / batch) };
}

/** Choices: each is scored with its prompt, which fills most of the context, and without it. */
function choiceWork(config: BtsConfig): Work {
  const { eval: { batch, questionTokens }, model: { contextLength } } = config;
  const longest = Math.min(contextLength, questionTokens ?? contextLength);
  let choices = 0, tokens = 0;
  // The user's own tasks are counted as multiple choice, like the built-in ones: what they are is in their files.
  for (const task of scoredTasks(config).filter(({ kind }) => kind !== "generation")) {
    const own = CHOICES * itemsOf(config, task);
    choices += own;
    tokens += own * Math.min(1.15 * longest, task.tokens ?? Infinity);
  }
  return { tokens, passes: Math.ceil(2 * choices / batch) };
}

/** The most questions of a task. */
const itemsOf = ({ data, eval: { items } }: BtsConfig, { limit }: NamedTask) =>
  Math.min(items, limit === undefined ? Infinity : data[limit]);

/** The tasks that are scored. */
export function scoredTasks({ data, eval: { tasks } }: BtsConfig): NamedTask[] {
  return namedTasks(data).filter(({ name }) => tasks?.includes(name) ?? true);
}

/** One sequence, token by token. */
function decodingWork({ model: { contextLength } }: BtsConfig): Work {
  const tokens = Math.min(DECODED_TOKENS, contextLength);
  return { tokens, passes: tokens };
}

/** Prompts, about as long as the longest answers; prompts of the same length share a batch. */
function generationWork(config: BtsConfig): Work {
  let tokens = 0, passes = 0;
  for (const task of scoredTasks(config).filter(({ kind }) => kind === "generation")) {
    const items = itemsOf(config, task);
    tokens += 2 * items * ANSWER_TOKENS;
    passes += Math.max(Math.min(items, PROMPT_LENGTHS), Math.ceil(items / config.eval.batch)) * ANSWER_TOKENS;
  }
  return { tokens, passes };
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
