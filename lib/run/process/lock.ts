// The lock file of a run: which process writes it, and a heartbeat, so that readers can tell `running` from `lost`.
import { basename, join } from "node:path";
import { z } from "zod";
import { absent, attempt, systemReason, UserError } from "../../errors.ts";
import { lockIfPossible } from "../files/files.ts";
import { isAlive, type ProcessId, thisProcess } from "./process.ts";

/** Name of the lock file in a run's folder; it exists while a process writes the run. */
export const LOCK_FILE = "run.lock";
/** Time between two heartbeats: a writer touches its lock. */
const BEAT_MS = 2_000;
/** Without a heartbeat for this long, a writer on another machine counts as gone. */
const SILENCE_MS = 60_000;
/** Without a heartbeat for this long, a writer counts as silent. */
const STALL_MS = 30_000;

const lockSchema = z.object({
  host: z.string(),
  pid: z.int(),
  started: z.string().nullable(),
  /** The job that the process is of, where a cluster runs it. */
  job: z.string().optional(),
});

/** A held lock. */
export interface Lock {
  /** Why it is no longer held: the folder vanished, or another process took the lock; undefined while it is held. */
  lost(): string | undefined;
  release(): void;
}

/** A lock that another live process holds. */
export interface HeldLock {
  /** Undefined when the lock file does not say. */
  readonly holder: ProcessId | undefined;
}

/**
 * Takes a folder's lock, also from a process that is gone, and starts the heartbeat. A new process with the pid of the
 * old holder is not mistaken for it.
 *
 * @param job the job that this process is of: an earlier process of the same job makes way, whether it lives or not, for
 *   a scheduler starts a job again only when it has given that process up
 * @returns the holder, if it is another live process
 */
export function tryTakeLock(folder: string, job?: string): Lock | HeldLock {
  const path = join(folder, LOCK_FILE);
  for (;;) {
    using file = Deno.openSync(path, { read: true, write: true, create: true });
    // Nobody else may write between reading and writing; the system's lock is held only for that time.
    lockIfPossible(file, path);
    const { ino, mtime } = file.statSync();
    if (statIfThere(path)?.ino !== ino) continue; // its holder has just released it
    const held = readAll(file);
    if (held !== "") {
      const holder = parseLock(held);
      const recent = Date.now() - (mtime?.getTime() ?? 0) < SILENCE_MS;
      const makesWay = job !== undefined && holder?.job === job;
      if (!makesWay && ((holder && isAlive(holder)) ?? recent)) return { holder };
    }
    const own = JSON.stringify({ ...thisProcess(), ...(job === undefined ? {} : { job }) }) + "\n";
    file.truncateSync(0);
    file.seekSync(0, Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode(own));
    return beating(path, own);
  }
}

/**
 * Takes the lock of a run's folder.
 *
 * @throws UserError `run.locked` with the process that writes the run, or `run.folder` when the folder cannot be written
 */
export function takeLock(folder: string, run: string = basename(folder)): Lock {
  return takeOr(folder, run, (holder) =>
    new UserError(
      "run.locked",
      `Cannot resume ${run}: ${holder} is writing it`,
      `wait for it, stop it with deno task stop ${run}, or start another run with --fresh`,
    ));
}

/**
 * Takes the lock of a sweep's folder.
 *
 * @throws UserError `sweep.running` with the process that works on the sweep, or `run.folder` when the folder cannot be
 *   written
 */
export function takeSweepLock(folder: string, sweep: string): Lock {
  return takeOr(folder, sweep, (holder) =>
    new UserError(
      "sweep.running",
      `Cannot work on ${sweep}: ${holder} is working on it`,
      `watch it with deno task sweep show ${sweep}, or stop it with deno task sweep stop ${sweep}`,
    ));
}

function takeOr(folder: string, id: string, refused: (holder: string) => UserError): Lock {
  let taken: Lock | HeldLock;
  try {
    taken = tryTakeLock(folder);
  } catch (error) {
    const reason = systemReason(error) ?? error;
    throw new UserError("run.folder", `Cannot write in the folder of ${id}: ${reason}`, `check ${folder}`);
  }
  if (!("holder" in taken)) return taken;
  const { holder } = taken;
  if (holder === undefined) throw refused("another process");
  throw refused(`process ${holder.pid}${holder.host === thisProcess().host ? "" : ` on ${holder.host}`}`);
}

function beating(path: string, own: string): Lock {
  let trouble: string | undefined;
  const beat = setInterval(() => {
    try {
      if (Deno.readTextFileSync(path) !== own) trouble = "another process has taken it over";
      else Deno.utimeSync(path, new Date(), new Date());
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) trouble = "its folder is gone";
      // Any other error will also show when the log is written.
    }
  }, BEAT_MS);
  Deno.unrefTimer(beat);
  return {
    lost: () => trouble,
    release() {
      clearInterval(beat);
      attempt(() => Deno.readTextFileSync(path) === own && Deno.removeSync(path)); // unless it is gone already
    },
  };
}

function statIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    return absent(error);
  }
}

function readAll(file: Deno.FsFile): string {
  const buffer = new Uint8Array(4096);
  return new TextDecoder().decode(buffer.subarray(0, file.readSync(buffer) ?? 0));
}

/**
 * The state of the process that holds a run's lock: alive with a heartbeat, alive but silent (it computes without a
 * pause, hangs, or was halted), or gone.
 */
export type WriterState = "live" | "silent" | "gone";

/** Whether the process that holds a run's lock is alive. False when there is no lock. */
export function writerLives(folder: string, now: number = Date.now()): boolean {
  return writerState(folder, now) !== "gone";
}

/** The state of the process that holds a run's lock; `gone` when there is no lock. */
export function writerState(folder: string, now: number = Date.now()): WriterState {
  const path = join(folder, LOCK_FILE);
  const file = statIfThere(path);
  if (file === undefined) return "gone";
  const silence = now - (file.mtime?.getTime() ?? 0);
  const holder = readHolder(path);
  const alive = (holder && isAlive(holder)) ?? silence < SILENCE_MS;
  return !alive ? "gone" : silence < STALL_MS ? "live" : "silent";
}

/** The holder in a lock file; undefined when the file does not say, is gone, or cannot be read. */
function readHolder(path: string): ProcessId | undefined {
  return attempt(() => parseLock(Deno.readTextFileSync(path)));
}

/** The same of its text; undefined, too, while it is being written: its age decides then. */
function parseLock(text: string): z.infer<typeof lockSchema> | undefined {
  return attempt(() => lockSchema.parse(JSON.parse(text)));
}

/** Which process holds a run's lock; undefined when none does, or when the lock does not say. */
export function lockHolder(folder: string): ProcessId | undefined {
  return writerLives(folder) ? readHolder(join(folder, LOCK_FILE)) : undefined;
}
