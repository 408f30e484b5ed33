// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";
import type { Encoded } from "../sandbox/mod.ts";

export interface AnswerSchema extends
  z.ZodObject<{
    /** The problem's id, and a hash of its prompt and tests. */
    problem: z.ZodString;
    version: z.ZodString;
    level: z.ZodString;
    /** Number of the answer to this problem, from 0. */
    sample: z.ZodInt;
    /** What the model read. */
    prompt: z.ZodString;
    /** What it wrote, and in how many tokens. */
    answer: z.ZodString;
    tokens: z.ZodInt;
    /** Why it ended: by itself or as no more was needed, or at the limit of tokens. */
    finish: z.ZodEnum<{ length: "length"; stop: "stop" }>;
    program: z.ZodString;
    outcome: z.ZodEnum<
      {
        "entry-point": "entry-point";
        exited: "exited";
        memory: "memory";
        output: "output";
        passed: "passed";
        syntax: "syntax";
        threw: "threw";
        time: "time";
        wrong: "wrong";
      }
    >;
    passedTests: z.ZodInt;
    tests: z.ZodInt;
    detail: z.ZodString;
  }, z.core.$strict> {}
export interface ProblemSchema extends
  z.ZodObject<{
    /** Stable name. */
    id: z.ZodString;
    level: z.ZodEnum<{ easy: "easy"; hard: "hard"; medium: "medium" }>;
    /** The function that the tests call. */
    entryPoint: z.ZodString;
    /** TypeScript that a program continues: a doc comment and the head of the function, up to the opening brace. */
    prompt: z.ZodString;
    /** The largest difference of numbers from the expected ones, in proportion to those above 1. Exact without it. */
    tolerance: z.ZodOptional<z.ZodNumber>;
    /** Arguments and what a right program returns for them, in the form of `Encoded`. */
    tests: z.ZodArray<
      z.ZodObject<{
        inputs: z.ZodArray<z.ZodType<Encoded, unknown, z.core.$ZodTypeInternals<Encoded, unknown>>>;
        expected: z.ZodType<Encoded, unknown, z.core.$ZodTypeInternals<Encoded, unknown>>;
      }, z.core.$strict>
    >;
    /** A continuation of the prompt that passes all tests. */
    solution: z.ZodOptional<z.ZodString>;
    /** Continuations of the prompt that fail a test. */
    wrong: z.ZodOptional<z.ZodArray<z.ZodString>>;
  }, z.core.$strict> {}
