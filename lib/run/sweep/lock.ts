// One process at a time works on a sweep; a dead one's lock is taken over.
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { type Lock, LOCK_FILE, lockHolder, takeLock, writerLives } from "../lock.ts";
import { SWEEP_FILE } from "./log.ts";

/**
 * Takes the lock of a sweep's folder.
 *
 * @throws UserError `sweep.running` when a process that lives holds it
 */
export async function lockSweep(folder: string, id: string): Promise<Lock> {
  // Looking and taking happen under the kernel's lock on the sweep's file, which ends with its process: of two that
  // find a dead one's lock, one takes it.
  using file = await Deno.open(join(folder, SWEEP_FILE), { read: true, append: true });
  await file.lock(true).catch(() => {});
  if (writerLives(folder)) {
    const holder = lockHolder(folder);
    const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
    throw new UserError(
      "sweep.running",
      `Cannot work on ${id}: ${who} does`,
      `watch it with deno task sweep show ${id}, or stop it with deno task sweep stop ${id}`,
    );
  }
  await Deno.remove(join(folder, LOCK_FILE)).catch(() => {});
  return takeLock(folder);
}
