// What people asked the models of a run, and the answers, in an append-only file next to the event log.
import { join } from "node:path";
import { z } from "zod";
import { absent, attempt, systemReason, UserError } from "../../errors.ts";
import { appendLine } from "../files/files.ts";
import type { KeptPromptSchema, PromptSchema } from "../inferred-types.ts";

/** Name of the file in a run's folder. It is no part of the log, which has one writer, and goes with the run. */
export const PROMPTS_FILE = "prompts.jsonl";
/** Prompts that are read, the newest. */
const MOST_READ = 30;
/** Bytes from the end of the file that are read: room for as many of the largest that a server takes, and more. */
const MOST_BYTES = 2 ** 25;

const name = z.string().max(200);

/** How much of each model went into each token, as the models' API tells it. */
const gatesSchema = z.strictObject({
  models: z.array(z.strictObject({ name, color: z.string().regex(/^#[0-9a-f]{6}$/) })).max(1000),
  places: z.array(z.strictObject({ title: name, models: z.array(z.int().min(0)).max(1000), shares: z.boolean() }))
    .max(1000),
});

const answerSchema = z.strictObject({
  model: name,
  /** The expert that was switched off. */
  without: name.nullable(),
  /** The pieces of the text as they came, with the gates of their tokens by place and model. */
  pieces: z.array(z.strictObject({ text: z.string(), gates: z.array(z.array(z.number())).nullable() })).max(100_000),
  gates: gatesSchema.nullable(),
  /** Tokens and seconds that it took. */
  tokens: z.int().min(0),
  seconds: z.number().min(0),
  finish: z.enum(["stop", "length", "cancelled"]),
});

/** A prompt and the answers to it, without the time. */
export const promptSchema: PromptSchema = z.strictObject({
  prompt: z.string().min(1).max(200_000),
  /** Whether it was put as a message, in the models' chat templates. */
  chat: z.boolean(),
  temperature: z.number(),
  maxTokens: z.int(),
  seed: z.int(),
  answers: z.array(answerSchema).min(1).max(100),
});

/** A prompt that was kept. */
export const keptPromptSchema: KeptPromptSchema = promptSchema.extend({ time: z.iso.datetime() });

export type Prompt = z.infer<typeof promptSchema>;
export type KeptPrompt = z.infer<typeof keptPromptSchema>;

/** The newest prompts of the run in this folder, the oldest of them first; damaged lines are left out. */
export async function readPrompts(folder: string): Promise<KeptPrompt[]> {
  const content = await readEnd(join(folder, PROMPTS_FILE)).catch(absent) ?? "";
  const lines = content.split("\n").filter((line) => line !== "");
  return lines.slice(-MOST_READ).flatMap((line) => attempt(() => keptPromptSchema.parse(JSON.parse(line))) ?? []);
}

/**
 * Keeps a prompt. Any number of processes may do so at the same time: each appends one whole line.
 *
 * @throws UserError `prompts.write` when the folder cannot be written
 */
export function keepPrompt(folder: string, prompt: Prompt): KeptPrompt {
  const path = join(folder, PROMPTS_FILE);
  const kept: KeptPrompt = { ...prompt, time: new Date().toISOString() };
  try {
    appendLine(path, new TextEncoder().encode(`${JSON.stringify(kept)}\n`));
    return kept;
  } catch (error) {
    throw new UserError(
      "prompts.write",
      `Cannot write ${path}: ${systemReason(error) ?? error}`,
      "check the permissions of the run's folder",
    );
  }
}

/** The end of a file, from the start of a line. */
async function readEnd(path: string): Promise<string> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  const start = Math.max(0, size - MOST_BYTES);
  await file.seek(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(size - start);
  for (let read = 0; read < bytes.length;) {
    const count = await file.read(bytes.subarray(read));
    if (count === null) break;
    read += count;
  }
  const text = new TextDecoder().decode(bytes);
  return start === 0 ? text : text.slice(text.indexOf("\n") + 1);
}
