// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface AttemptedSchema extends
  z.ZodObject<{
    problem: z.ZodString;
    level: z.ZodString;
    /** Most tokens in and out over all calls. */
    allowance: z.ZodInt;
    /** The answer in lowest terms; null if none was stated. */
    answer: z.ZodNullable<z.ZodString>;
    right: z.ZodBoolean;
    /** B_total and B_seq: tokens in and out over all calls, and along the longest chain of them. */
    total: z.ZodInt;
    sequential: z.ZodInt;
    /** Number of calls; 0 if the allowance or the context had no room for an answer. */
    calls: z.ZodInt;
  }, z.core.$strict> {}
export interface MathProblemSchema extends
  z.ZodObject<{
    /** Stable name, unique in its file. */
    id: z.ZodString;
    level: z.ZodDefault<z.ZodString>;
    question: z.ZodString;
    /** The one number that is right, in lowest terms. */
    answer: z.ZodPipe<z.ZodUnion<readonly [z.ZodString, z.ZodNumber]>, z.ZodTransform<string, string | number>>;
  }, z.core.$strict> {}
export interface KeptSchema extends
  z.ZodObject<{
    /** Hash of the model, the prompt and all settings. */
    request: z.ZodString;
    writer: z.ZodString;
    prompt: z.ZodString;
    maxTokens: z.ZodInt;
    seed: z.ZodInt;
    text: z.ZodString;
    input: z.ZodInt;
    output: z.ZodInt;
    finish: z.ZodEnum<{ length: "length"; stop: "stop" }>;
  }, z.core.$strict> {}
export interface RefineSettingsSchema extends
  z.ZodObject<{
    draftTokens: z.ZodDefault<z.ZodInt>;
    workspaceTokens: z.ZodDefault<z.ZodInt>;
    quoteTokens: z.ZodDefault<z.ZodInt>;
    chooseTokens: z.ZodDefault<z.ZodInt>;
    k: z.ZodDefault<z.ZodInt>;
    rounds: z.ZodDefault<z.ZodInt>;
    mostDrafts: z.ZodDefault<z.ZodInt>;
    temperature: z.ZodDefault<z.ZodNumber>;
    topP: z.ZodDefault<z.ZodNumber>;
  }, z.core.$strict> {}
