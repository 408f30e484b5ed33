// The one kind of error that a user can fix, and words for what the operating system reports. Any other error is a bug
// and may show its stack.

/** A mistake in the input: exit code 2, one clear sentence, and a hint on how to fix it. */
export class UserError extends Error {
  /** Stable machine-readable name of the mistake, such as `config.unknown-key`. */
  readonly code: string;
  /** How to fix it. */
  readonly hint: string | undefined;

  /**
   * @param code stable name, `area.mistake`
   * @param message what was wrong, where, and what was expected; sentence case, no final period
   * @param hint how to fix it
   */
  constructor(code: string, message: string, hint?: string) {
    super(message);
    this.name = "UserError";
    this.code = code;
    this.hint = hint;
  }
}

/** The text a person sees for any error: message and hint for a {@linkcode UserError}, the stack otherwise. */
export function explainError(error: unknown): string {
  if (error instanceof UserError) {
    return error.hint === undefined ? error.message : `${error.message}\n  hint: ${error.hint}`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** What the operating system's error codes mean, in words that follow "Cannot read <path>: ". */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EBUSY: "it is in use",
  EDQUOT: "the disk quota is used up",
  EEXIST: "it already exists",
  EFBIG: "the file would be too large",
  EINVAL: "the name is not allowed here",
  EIO: "the disk reported an input/output error",
  EISDIR: "it is a folder, not a file",
  ELOOP: "its symbolic links lead in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENFILE: "too many files are open on this machine",
  ENODEV: "there is no such device",
  ENOENT: "it does not exist",
  ENOSPC: "the disk is full",
  ENOTDIR: "part of the path is a file, not a folder",
  ENOTEMPTY: "the folder is not empty",
  ENXIO: "there is no such device",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ESTALE: "the file is gone from the network file system",
  ETIMEDOUT: "the file system did not respond",
  ETXTBSY: "it is being executed",
  EXDEV: "it is on another file system",
};

/**
 * What the operating system, or a missing permission of Deno, refused, in words that follow "Cannot read <path>: ";
 * undefined for any other error.
 */
export function systemReason(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof Deno.errors.NotCapable) return "Deno was started without the permission to access it";
  const { code } = error as { code?: unknown };
  return typeof code === "string" && Object.hasOwn(SYSTEM_REASONS, code) ? SYSTEM_REASONS[code] : undefined;
}

/** The result of `body`; undefined if it throws, for what may well fail and need not be done. */
export function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

/** For `.catch()`: undefined where there is no such file; other errors are thrown again. */
export function absent(error: unknown): undefined {
  if (error instanceof Deno.errors.NotFound) return undefined;
  throw error;
}

/** Longer words are near nothing; comparing one of a request's megabytes would take seconds. */
const LONGEST_WORD = 200;

/**
 * The nearest of `candidates` to `word` by edit distance, or undefined when none is near.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(nearest("expert:cod", ["seed", "expert:code"]), "expert:code");
 * assert.equal(nearest("something else", ["seed", "expert:code"]), undefined);
 * ```
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** `candidates` by their edit distance to `word`, the nearest first; those equally near in their own order. */
export function byDistance(word: string, candidates: readonly string[]): readonly string[] {
  if (word.length > LONGEST_WORD) return candidates;
  const distances = new Map(candidates.map((one) => [one, editDistance(word.toLowerCase(), one.toLowerCase())]));
  return candidates.toSorted((a, b) => distances.get(a)! - distances.get(b)!);
}

/** The hint that names the nearest of `candidates`, written after `before`; `otherwise` when none is near. */
export function didYouMean(word: string, candidates: readonly string[], before = "", otherwise?: string) {
  const near = nearest(word, candidates);
  return near === undefined ? otherwise : `did you mean ${before}${near}?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, substitute));
    }
    row = next;
  }
  return row[b.length]!;
}
