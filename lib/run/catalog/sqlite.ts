// SQLite for the index: short transactions, pragmas, and what its errors mean.
import type { DatabaseSync } from "node:sqlite";
import { attempt } from "../../errors.ts";

/** Runs `body` in one short transaction. */
export function transact(db: DatabaseSync, body: () => void): void {
  db.exec("begin immediate");
  try {
    body();
    db.exec("commit");
  } catch (error) {
    attempt(() => db.exec("rollback")); // unless the error has already ended the transaction
    throw error;
  }
}

/** Runs a pragma and returns the first value of its result. */
export function pragma(db: DatabaseSync, text: string): unknown {
  return Object.values(db.prepare(`pragma ${text}`).get() ?? {})[0];
}

/** Whether an error of SQLite means that the database file is damaged. */
export function isDamage(error: unknown): boolean {
  return error instanceof Error &&
    /malformed|not a database|disk I\/O error/.test(error.message);
}

/** Whether an error means that the index cannot be written. */
export function isUnwritable(error: unknown): boolean {
  const { PermissionDenied, NotCapable, NotFound } = Deno.errors;
  if (error instanceof PermissionDenied || error instanceof NotCapable || error instanceof NotFound) return true;
  return error instanceof Error &&
    /readonly database|unable to open database|disk is full|Read-only file system|No space left/i.test(error.message);
}
