// Replies that are kept: an equal request is not asked twice, by another method, at another budget, or after a stop.
import { createHash } from "node:crypto";
import { z } from "zod";
import { absent, attempt } from "../errors.ts";
import type { Reply, Writer, WriteRequest } from "./writer.ts";
import type { KeptSchema } from "./inferred-types.ts";

/** Name of the file of replies in a cell's folder. */
export const REPLIES_FILE = "replies.jsonl";

const keptSchema: KeptSchema = z.strictObject({
  /** Hash of the model, the prompt and all settings. */
  request: z.string(),
  writer: z.string(),
  prompt: z.string(),
  maxTokens: z.int(),
  seed: z.int(),
  text: z.string(),
  input: z.int().nonnegative(),
  output: z.int().nonnegative(),
  finish: z.enum(["stop", "length"]),
});

/** A request with its reply, as a line of the file. */
export type KeptReply = z.infer<typeof keptSchema>;

/** Asks models, and keeps what they reply. */
export interface Replies {
  /** The kept reply, or that of the model. @throws as the writer does */
  write(writer: Writer, request: WriteRequest, signal?: AbortSignal): Promise<KeptReply>;
  /** All replies that were used, in the order in which they were first asked for. */
  used(): readonly KeptReply[];
  /** How many replies the models wrote, rather than were kept. */
  readonly written: number;
}

/** @param kept from before */
export function replies(kept: readonly KeptReply[]): Replies {
  const known = new Map(kept.map((one) => [one.request, one]));
  const asked = new Map<string, Promise<KeptReply>>();
  const used = new Map<string, KeptReply>();
  let written = 0;
  const ask = async (key: string, writer: Writer, request: WriteRequest, signal?: AbortSignal) => {
    const reply: Reply = await writer.write(request, signal);
    const { prompt: { text: prompt }, maxTokens, seed } = request;
    const one = { request: key, writer: writer.name, prompt, maxTokens, seed, ...reply };
    known.set(key, one);
    used.set(key, one);
    written++;
    return one;
  };
  return {
    write(writer, request, signal) {
      const key = keyOf(writer, request);
      const found = known.get(key);
      if (found !== undefined) {
        used.set(key, found);
        return Promise.resolve(found);
      }
      const running = asked.get(key);
      if (running !== undefined) return running;
      const made = ask(key, writer, request, signal).finally(() => asked.delete(key));
      asked.set(key, made);
      return made;
    },
    used: () => [...used.values()],
    get written() {
      return written;
    },
  };
}

function keyOf({ identity }: Writer, request: WriteRequest): string {
  return createHash("sha256").update(JSON.stringify([identity, request])).digest("hex").slice(0, 24);
}

/** Writes replies to a file, one line each. */
export async function writeReplies(path: string, all: readonly KeptReply[]): Promise<void> {
  await Deno.writeTextFile(path, all.map((one) => `${JSON.stringify(one)}\n`).join(""));
}

/** The replies in a file; none if there is no file. A line that cannot be read is left out: its request is asked again. */
export async function readReplies(path: string): Promise<KeptReply[]> {
  const text = await Deno.readTextFile(path).catch(absent) ?? "";
  return text.split("\n").flatMap((line) => attempt(() => keptSchema.parse(JSON.parse(line))) ?? []);
}
