// How a problem is put to a model.
import type { Problem } from "./problem.ts";

/** `completion`: the model continues the prompt. `chat`: it is asked to, in a message. */
export const PROMPT_FORMATS = ["completion", "chat"] as const;

export type PromptFormat = typeof PROMPT_FORMATS[number];

/** The message that asks a model with a chat template for an answer. */
export function chatMessage({ prompt }: Pick<Problem, "prompt">): string {
  return "Complete this TypeScript function. Answer with the whole function in one code block, without examples or tests." +
    `\n\n\`\`\`ts\n${prompt}\`\`\``;
}
