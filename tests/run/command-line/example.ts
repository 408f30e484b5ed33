// A small experiment, and its command line as tests give it.
import assert from "node:assert/strict";
import { z } from "zod";
import { UserError } from "../../../lib/errors.ts";
import {
  type ExperimentDefinition,
  parseExperimentArguments,
} from "../../../lib/run/command-line/experiment-arguments.ts";

const phase = z.strictObject({
  steps: z.int().positive().default(100).describe("How many steps"),
  rate: z.number().positive().max(1).default(0.01).describe("Learning rate"),
}).prefault({});

/** Settings of every type. */
export const schema = z.strictObject({
  train: z.strictObject({ seed: phase, expert: phase }).prefault({}),
  model: z.strictObject({
    kind: z.enum(["llama", "gpt"]).default("llama"),
    tied: z.boolean().default(true),
    window: z.int().positive().nullable().default(null),
    layers: z.array(z.int().nonnegative()).default([0, 1]),
  }).prefault({}),
  data: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  mix: z.record(z.string(), z.number().nonnegative()).default({ english: 1 }),
  note: z.string().default(""),
});

/** An experiment with three presets. */
export const definition: ExperimentDefinition<typeof schema> = {
  name: "bts",
  title: "Branch-Train-Stitch",
  description: "Trains and stitches.",
  schema,
  presets: {
    quick: { description: "under 4 minutes", config: {} },
    lab: { description: "25 minutes", config: { train: { seed: { steps: 900 } }, model: { layers: [3] } } },
    paper: { description: "as published", config: {}, needsForce: "it needs 64 GPUs for weeks" },
  },
  defaultPreset: "quick",
};

/** Reads a command line. @param files contents by name */
export const parse = (
  args: string[],
  files: Record<string, string | Uint8Array> = {},
  variables: Record<string, string> = {},
) => {
  const invocation = parseExperimentArguments(args, definition, (path) => {
    const file = files[path];
    if (file === undefined) throw new Deno.errors.NotFound("none");
    return typeof file === "string" ? new TextEncoder().encode(file) : file;
  }, (name) => variables[name]);
  assert(invocation.kind === "run");
  return invocation;
};

/** The settings after `--set` of each text. */
export const set = (...texts: string[]) => parse(texts.flatMap((text) => ["--set", text])).config;

/** A user's mistake is refused with this code, and a text with this pattern. */
export function refuses(act: () => unknown, code: string, text: RegExp): void {
  assert.throws(act, (error) => {
    assert(error instanceof UserError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(`${error.message} | ${error.hint ?? ""}`, text);
    return true;
  });
}
