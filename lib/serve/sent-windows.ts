// Windows of the table that were sent: a reader that has one gets only the rows that are new to it.
import { createHash } from "node:crypto";
import type { TableWindow } from "../run/mod.ts";
import type { SentWindow } from "./schemas.ts";

/** Remembers what was sent. */
export interface SentWindows {
  /** @param since the `version` of the window that the reader has; one that is not known any more is as none */
  send(window: TableWindow, since: string | undefined): SentWindow;
}

/** So many windows are remembered: those of as many readers. */
const REMEMBERED = 256;

/** A memory of windows; rows are remembered by their hashes. */
export function sentWindows(): SentWindows {
  /** The rows of each window, least recently used first. */
  const known = new Map<string, readonly string[]>();
  return {
    send(window, since) {
      const { rows, ...head } = window;
      const hashes = rows.map((row) => hashOf(JSON.stringify(row)));
      const version = hashOf(JSON.stringify([head, hashes]));
      const before = new Map((known.get(since ?? "") ?? []).map((hash, place) => [hash, place]));
      for (const used of [since, version]) {
        const there = used === undefined ? undefined : known.get(used);
        if (there === undefined) continue;
        known.delete(used!);
        known.set(used!, there);
      }
      known.set(version, hashes);
      if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
      return { ...head, version, rows: rows.map((row, i) => before.get(hashes[i]!) ?? row) };
    },
  };
}

const hashOf = (text: string) => createHash("sha256").update(text).digest("base64url").slice(0, 22);
