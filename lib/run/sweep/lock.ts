// One process at a time works on a sweep; a dead one's lock is taken over.
import { UserError } from "../../errors.ts";
import { type Lock, tryTakeLock } from "../process/lock.ts";

/**
 * Takes the lock of a sweep's folder.
 *
 * @throws UserError `sweep.running` when a process that lives holds it
 */
export function lockSweep(folder: string, id: string): Lock {
  const taken = tryTakeLock(folder);
  if (!("holder" in taken)) return taken;
  const { holder } = taken;
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  throw new UserError(
    "sweep.running",
    `Cannot work on ${id}: ${who} does`,
    `watch it with deno task sweep show ${id}, or stop it with deno task sweep stop ${id}`,
  );
}
