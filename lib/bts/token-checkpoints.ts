// Checkpoints of tokenizing: each has what was written since the one before, so that no token is saved twice.
import { basename, join } from "node:path";
import { z } from "zod";
import type { TokenFiles } from "../data/mod.ts";
import type { CellCheckpoints } from "../run/mod.ts";
import type { StreamSizeSchema } from "./inferred-types.ts";

/** The size of a stream of tokens. */
export const streamSizeSchema: StreamSizeSchema = z.strictObject({
  documents: z.int(),
  tokens: z.int(),
  /** How many of the tokens are not trained on. */
  unscored: z.int().default(0),
  /** UTF-8 bytes of the texts. */
  bytes: z.int(),
});

export type StreamSize = z.infer<typeof streamSizeSchema>;

const stateSchema = z.strictObject({
  /** Step of the checkpoint before; 0 for the first. */
  after: z.int(),
  /** Sizes of the streams in order, up to the one that is being written. */
  sizes: z.array(streamSizeSchema),
});

const STATE_FILE = "state.json";

/** How far tokenizing has come. */
export interface TokenProgress {
  /** Number of blocks. */
  readonly step: number;
  /** Sizes of the streams in order, up to the one that is being written. */
  readonly sizes: readonly StreamSize[];
}

/** Saves token files, which only grow, and restores them. */
export interface TokenCheckpoints {
  /** What was restored. */
  readonly restored: TokenProgress;
  /** Saves what was written since. */
  save(progress: TokenProgress): Promise<void>;
}

/** Restores token files from the cell's checkpoints. */
export async function openTokenCheckpoints(
  checkpoints: CellCheckpoints,
  streams: readonly TokenFiles[],
): Promise<TokenCheckpoints> {
  const paths = streams.flatMap(({ tokens, starts, unscored }) => [tokens, starts, unscored]);
  /** Bytes of each file that are in checkpoints. */
  const saved = new Map(paths.map((path) => [path, 0]));
  let restored: TokenProgress = { step: 0, sizes: [] };
  for (const { folder, step } of await checkpoints.all()) {
    const { after, sizes } = stateSchema.parse(JSON.parse(await Deno.readTextFile(join(folder, STATE_FILE))));
    if (after !== restored.step) break; // the one before is damaged
    for (const path of paths) {
      const part = join(folder, basename(path));
      const bytes = await sizeOf(part);
      if (bytes > 0) await appendRange(part, 0, bytes, path);
      saved.set(path, saved.get(path)! + bytes);
    }
    restored = { step, sizes };
  }
  let last = restored.step;
  return {
    restored,
    async save({ step, sizes }) {
      if (step === last) return;
      const grown: { readonly path: string; readonly from: number; readonly to: number }[] = [];
      for (const path of paths) {
        const [from, to] = [saved.get(path)!, await sizeOf(path)];
        if (to > from) grown.push({ path, from, to });
      }
      const bytes = grown.reduce((sum, { from, to }) => sum + to - from, 0);
      await checkpoints.save({ step, score: null, bytes, keep: Number.MAX_SAFE_INTEGER }, async (folder) => {
        for (const { path, from, to } of grown) await appendRange(path, from, to, join(folder, basename(path)));
        await Deno.writeTextFile(join(folder, STATE_FILE), JSON.stringify({ after: last, sizes }));
      });
      for (const { path, to } of grown) saved.set(path, to);
      last = step;
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Appends a part of a file, from one byte to another, to another file. */
async function appendRange(path: string, from: number, to: number, target: string): Promise<void> {
  using source = await Deno.open(path);
  using file = await Deno.open(target, { append: true, create: true });
  await source.seek(from, Deno.SeekMode.Start);
  const buffer = new Uint8Array(Math.min(1 << 20, to - from));
  for (let left = to - from; left > 0;) {
    const count = await source.read(buffer.subarray(0, Math.min(buffer.length, left)));
    if (count === null) throw new Error(`${path} is shorter than it was`);
    for (let at = 0; at < count;) at += await file.write(buffer.subarray(at, count));
    left -= count;
  }
}
