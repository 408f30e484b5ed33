// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface DatamixSchema extends z.ZodRecord<z.ZodString, z.ZodNumber> {}
export interface DataSettingsSchema extends
  z.ZodObject<{
    domains: z.ZodOptional<z.ZodUnion<readonly [z.ZodArray<z.ZodString>, z.ZodRecord<z.ZodString, z.ZodString>]>>;
    builtin: z.ZodDefault<z.ZodEnum<{ all: "all"; none: "none" }>>;
    tasks: z.ZodPrefault<z.ZodRecord<z.ZodString, z.ZodString>>;
    english: z.ZodOptional<z.ZodString>;
    code: z.ZodOptional<z.ZodString>;
    math: z.ZodOptional<z.ZodString>;
    multilingual: z.ZodOptional<z.ZodString>;
    textField: z.ZodDefault<z.ZodString>;
    loss: z.ZodDefault<z.ZodEnum<{ all: "all"; assistant: "assistant" }>>;
    template: z.ZodOptional<z.ZodString>;
    skipBad: z.ZodDefault<z.ZodBoolean>;
    trainBytes: z.ZodDefault<z.ZodInt>;
    validationBytes: z.ZodDefault<z.ZodInt>;
    heldoutBytes: z.ZodDefault<z.ZodInt>;
    mathEnglish: z.ZodDefault<z.ZodNumber>;
    problems: z.ZodDefault<z.ZodInt>;
    translations: z.ZodDefault<z.ZodInt>;
    questions: z.ZodDefault<z.ZodEnum<{ hard: "hard"; usual: "usual" }>>;
  }, z.core.$strict> {}
export interface TokenizerConfigSchema extends
  z.ZodObject<{
    vocabSize: z.ZodDefault<z.ZodInt>;
    trainBytes: z.ZodDefault<z.ZodInt>;
  }, z.core.$strict> {}
