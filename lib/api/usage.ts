// Numbers of tokens, as answers report them.
import { z } from "@hono/zod-openapi";
import type { Generation } from "../infer/mod.ts";

export const usageSchema = z.strictObject({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.strictObject({ cached_tokens: z.int() }),
}).openapi("Usage");

export type Usage = z.infer<typeof usageSchema>;

/**
 * The tokens of all texts of a request. A prompt counts once, however many choices it has.
 *
 * @param ends of all texts; the choices of a prompt follow each other
 * @param choices number of choices for each prompt
 */
export function usageOf(ends: readonly Generation[], choices: number): Usage {
  const firsts = ends.filter((_, i) => i % choices === 0);
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const prompt_tokens = sum(firsts.map(({ promptTokens }) => promptTokens));
  const completion_tokens = sum(ends.map(({ generatedTokens }) => generatedTokens));
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: sum(firsts.map(({ cachedTokens }) => cachedTokens)) },
  };
}
