// The fold of a long log beside it, so that opening the run needs no reading of the log. The log stays the only truth:
// the file may be deleted, and one that does not fit the log is not used.
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { attempt, systemReason } from "../../errors.ts";
import { removeIfThere } from "../files/files.ts";
import { LOG_FILE } from "../log/log.ts";
import { readPiece } from "../log/parse-log.ts";
import { type FileStamp, isSame, stampOf } from "../log/summary.ts";
import { emptyFold, type Fold, MARK_BYTES, takePiece } from "./fold.ts";
import { decodeFold, encodeFold } from "./fold-file.ts";

/** Name of the file in a run's folder. */
export const FOLD_FILE = ".events.fold";
/** Reading less of a log than this takes a moment only. */
export const WORTH_BYTES = 1 << 20;
/** How much of the log must be as it was, before the place up to which it was read. */
const TAIL_BYTES = 4096;

/** A fold and the state of its log when it was read. */
export interface StampedFold {
  readonly fold: Fold;
  readonly stamp: FileStamp;
}

/** The kept fold of a log, if it fits what the log begins with; undefined otherwise. */
export async function readKeptFold(folder: string, now: FileStamp): Promise<StampedFold | undefined> {
  if (now.size < WORTH_BYTES) return undefined;
  const path = join(folder, FOLD_FILE);
  // A symbolic link could lead out of the folder.
  if (await stampOf(path).catch(() => undefined) === undefined) return undefined;
  const bytes = await Deno.readFile(path).catch(() => undefined);
  const kept = bytes && attempt(() => decodeFold(bytes));
  if (kept === undefined) return undefined;
  const { fold, stamp, tail } = kept;
  // A copy of a run has the log in another file.
  const same = stamp.size === now.size && stamp.time === now.time;
  const fits = same || continues({ fold, stamp }, now);
  return fits && await tailOf(join(folder, LOG_FILE), fold.position.offset) === tail ? { fold, stamp } : undefined;
}

/** Whether a log with the stamp `now` begins with what was folded. One with damaged lines may have been repaired. */
export function continues({ fold, stamp }: StampedFold, now: FileStamp): boolean {
  if (isSame(stamp, now)) return true;
  return fold.damage.length === 0 && stamp.file === now.file && now.size >= fold.position.offset &&
    now.size > stamp.size;
}

/**
 * Whether the fold of a log is to be written: its reader would save more than a moment, and a log that still grows has
 * grown by a third, so that a long run's folds cost a few times the last one in all.
 *
 * @param keptBytes of the log that the kept fold is about
 */
export function isWorthKeeping(bytes: number, keptBytes: number, grows: boolean): boolean {
  const news = bytes - keptBytes;
  return news >= WORTH_BYTES && (3 * news >= keptBytes || !grows);
}

/** Keeps a fold beside its log. Where the folder cannot be written, nothing is kept. @returns whether it is kept */
export async function keepFold(folder: string, { fold, stamp }: StampedFold): Promise<boolean> {
  const path = join(folder, FOLD_FILE);
  const temporary = join(folder, `.tmp-${crypto.randomUUID()}`);
  try {
    const tail = await tailOf(join(folder, LOG_FILE), fold.position.offset);
    // Not synced: after a crash, a file that is not whole has another checksum.
    await Deno.writeFile(temporary, encodeFold({ fold, stamp, tail }), { createNew: true });
    await Deno.rename(temporary, path);
    return true;
  } catch (error) {
    await removeIfThere(temporary).catch(() => {});
    if (systemReason(error) === undefined) throw error;
    return false;
  }
}

/** Reads a log on from the fold's position to its end. */
export async function readOn(fold: Fold, folder: string): Promise<void> {
  for (;;) {
    const piece = await readPiece(join(folder, LOG_FILE), fold.position, MARK_BYTES);
    if (piece.position.offset === fold.position.offset) return;
    takePiece(fold, piece);
  }
}

/**
 * Keeps the fold of a run's log as it is now, if the log is long enough to be worth it and the kept fold has not all of it.
 *
 * @returns whether it is kept anew
 */
export async function foldLog(folder: string): Promise<boolean> {
  try {
    const stamp = await stampOf(join(folder, LOG_FILE));
    if (stamp === undefined || stamp.size < WORTH_BYTES) return false;
    const { fold } = await readKeptFold(folder, stamp) ?? { fold: emptyFold() };
    const before = fold.position.offset;
    await readOn(fold, folder);
    if (fold.position.offset === before) return false;
    return await keepFold(folder, { fold, stamp });
  } catch (error) {
    // Whoever reads the run says what is wrong with its folder.
    if (systemReason(error) === undefined) throw error;
    return false;
  }
}

/** The checksum of the log's bytes just before `offset`. */
async function tailOf(path: string, offset: number): Promise<number> {
  using file = await Deno.open(path, { read: true });
  const start = Math.max(0, offset - TAIL_BYTES);
  await file.seek(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(offset - start);
  let filled = 0;
  while (filled < bytes.length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return crc32(bytes.subarray(0, filled));
}
