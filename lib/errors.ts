// The one error that is the user's to mend; anything else is a bug and may show its stack.

/** A mistake in the input: exit code 2, one clear sentence, and a hint on how to mend it. */
export class UserError extends Error {
  /** Stable machine-readable name of the mistake, such as `config.unknown-key`. */
  readonly code: string;
  /** How to mend it. */
  readonly hint: string | undefined;

  /**
   * @param code stable name, `area.mistake`
   * @param message what was wrong, where, and what was expected; sentence case, no final period
   * @param hint how to mend it
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

/** The nearest of `candidates` to `word` by edit distance, or undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
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
