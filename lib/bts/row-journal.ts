// The losses of the rows that a cell has scored: in its checkpoints, so that it resumes where it stopped, and in its folder,
// so that ensembles need not run their members again.
import { join } from "node:path";
import type { EvaluationOptions } from "../eval/mod.ts";
import type { CellContext } from "../run/mod.ts";
import { type CheckpointConfig, checkpointSchedule } from "../train/mod.ts";

/** The losses of a row's tokens after the first, in nats. */
export interface ScoredRow {
  readonly tokens: Int32Array;
  readonly losses: Float32Array;
}

/** The rows of one cell, by method. */
export interface RowJournal extends AsyncDisposable {
  /** Rows of a method, in the order in which they were scored. */
  rows(method: number): readonly ScoredRow[];
  /** Records the rows that `options` would run, and knows those that were restored. */
  options(
    method: number,
    options: Pick<EvaluationOptions, "onRow" | "knownLosses">,
  ): Pick<EvaluationOptions, "onRow" | "knownLosses">;
  /**
   * Saves a checkpoint if one is due, without waiting for it.
   *
   * @throws UserError `checkpoint.write` when the one before could not be written
   */
  progress(step: number): void;
  /** Everything is scored: no further checkpoint is needed. */
  finish(): void;
}

/**
 * A journal with the rows of the cell's newest checkpoint. When it is disposed before it is finished, because the cell is
 * stopped or fails, it saves another.
 */
export async function openRowJournal(
  { checkpoints }: Pick<CellContext, "checkpoints">,
  methods: number,
  config: CheckpointConfig,
): Promise<RowJournal> {
  const rows: ScoredRow[][] = [];
  for (let i = 0; i < methods; i++) {
    rows.push(checkpoints.last === undefined ? [] : await readRows(checkpoints.last.folder, i));
  }
  const restored = rows.map((own) => new Map(own.map(({ tokens, losses }) => [tokens.join(), losses])));
  const schedule = checkpointSchedule(config);
  let step = checkpoints.last?.step ?? 0;
  let [saved, finished] = [step, false];
  let saving: Promise<void> | undefined;
  let failure: unknown;
  const save = async () => {
    const now = rows.map((own) => [...own]); // more rows may come while these are written
    const began = performance.now();
    saved = step;
    await checkpoints.save(
      { step, score: null, bytes: bytesOf(now.flat()), keep: 2 },
      (folder) => writeAll(folder, now),
    );
    schedule.saved((performance.now() - began) / 1000);
  };
  return {
    rows: (method) => rows[method]!,
    options(method, { onRow, knownLosses }) {
      for (const { tokens, losses } of rows[method]!) onRow?.(tokens, losses);
      return {
        onRow(tokens, losses, tops) {
          rows[method]!.push({ tokens, losses });
          onRow?.(tokens, losses, tops);
        },
        knownLosses: (tokens, from) => restored[method]!.get(tokens.join()) ?? knownLosses?.(tokens, from),
      };
    },
    progress(now) {
      if (failure !== undefined) throw failure;
      step = Math.max(step, now);
      if (saving !== undefined || step === saved || !schedule.due({ step })) return;
      saving = save().catch((error) => failure = error).finally(() => saving = undefined);
    },
    finish: () => finished = true,
    async [Symbol.asyncDispose]() {
      await saving;
      if (!finished && step > saved) await save();
    },
  };
}

/** Writes the rows of the methods in `rows`, those without any left out. */
export async function writeAll(folder: string, rows: readonly (readonly ScoredRow[])[]): Promise<void> {
  for (const [i, own] of rows.entries()) {
    if (own.length > 0) await Deno.writeFile(rowsFile(folder, i), encoded(own));
  }
}

/** The rows of a method; none if there is no file of them. */
export async function readRows(folder: string, method: number): Promise<ScoredRow[]> {
  try {
    return decoded(await Deno.readFile(rowsFile(folder, method)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

const rowsFile = (folder: string, method: number) => join(folder, `rows-${method + 1}.bin`);

const bytesOf = (rows: readonly ScoredRow[]) => rows.reduce((sum, { tokens }) => sum + 8 * tokens.length, 0);

/** Row after row: the number of tokens and the tokens as int32, then the losses as float32, in the machine's byte order. */
function encoded(rows: readonly ScoredRow[]): Uint8Array<ArrayBuffer> {
  const words = new Int32Array(bytesOf(rows) / 4);
  const floats = new Float32Array(words.buffer);
  let at = 0;
  for (const { tokens, losses } of rows) {
    words[at] = tokens.length;
    words.set(tokens, at + 1);
    floats.set(losses, at + 1 + tokens.length);
    at += 2 * tokens.length;
  }
  return new Uint8Array(words.buffer);
}

function decoded(bytes: Uint8Array<ArrayBuffer>): ScoredRow[] {
  const words = new Int32Array(bytes.buffer);
  const floats = new Float32Array(words.buffer);
  const rows: ScoredRow[] = [];
  for (let at = 0; at < words.length;) {
    const length = words[at]!;
    const [from, to] = [at + 1, at + 1 + length];
    rows.push({ tokens: words.slice(from, to), losses: floats.slice(to, to + length - 1) });
    at += 2 * length;
  }
  return rows;
}
