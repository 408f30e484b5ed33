// States of earlier texts, for prompts that begin alike. Those used least recently go first.
import type { DecodingState } from "../../model/mod.ts";
import type { ScoredToken } from "../types.ts";

/** Prompt tokens with their scores, and how many alternatives each has. */
export interface PromptScores {
  readonly alternatives: number;
  readonly tokens: readonly ScoredToken[];
}

/** A text's beginning that was read. */
export interface Prefix {
  readonly ids: readonly number[];
  /** It has read exactly `ids`. */
  readonly state: DecodingState;
  /** Logits after the last of them, where the state may be reused as it is only. */
  readonly logits?: Float32Array | undefined;
  /** Scores of the first of `ids`, if a request asked for them. */
  readonly scores?: PromptScores | undefined;
}

/** The best start for a prompt. The state belongs to the caller. */
export interface PrefixHit {
  readonly state: DecodingState;
  readonly logits?: Float32Array | undefined;
  readonly scores: readonly ScoredToken[];
}

export interface PrefixCache {
  /** Takes a prefix over; it is disposed of when there is no room for it. */
  add(prefix: Prefix): void;
  /**
   * A state that has read as much of the prompt as possible, but leaves at least its last token.
   *
   * @param whole take only a state that read exactly this prompt, with its logits
   * @param alternatives if the prompt is scored, as many as its tokens shall have; then the scores of all tokens that the
   *   state has read, and of the next, are known
   */
  find(prompt: readonly number[], whole: boolean, alternatives: number | undefined): PrefixHit | undefined;
  clear(): void;
}

/** Shorter common beginnings are read again: a copy of a state is not free. */
const LEAST = 8;

/** An empty cache of at most this many bytes. */
export function prefixCache(limit: number): PrefixCache {
  /** In the order of their last use. */
  const entries = new Map<Prefix, number>();
  let held = 0;

  function remove(prefix: Prefix): void {
    held -= entries.get(prefix)!;
    entries.delete(prefix);
    prefix.state.dispose();
  }

  function touch(prefix: Prefix): void {
    const bytes = entries.get(prefix)!;
    entries.delete(prefix);
    entries.set(prefix, bytes);
  }

  function exact(prompt: readonly number[]): PrefixHit | undefined {
    for (const prefix of entries.keys()) {
      const { ids, state, logits } = prefix;
      if (logits === undefined || ids.length !== prompt.length || commonLength(ids, prompt) < ids.length) continue;
      const fork = state.fork(ids.length);
      if (fork === undefined) continue;
      touch(prefix);
      return { state: fork, logits, scores: [] };
    }
  }

  return {
    add(prefix) {
      const { ids, state, logits } = prefix;
      const bytes = state.bytes() + (logits?.byteLength ?? 0);
      if (bytes > limit || ids.length < LEAST) return state.dispose();
      for (const other of [...entries.keys()]) {
        const isCovered = other.ids.length <= ids.length && commonLength(other.ids, ids) === other.ids.length;
        if (isCovered && other.logits === undefined && other.scores === undefined) remove(other);
      }
      while (held + bytes > limit) remove(entries.keys().next().value!);
      entries.set(prefix, bytes);
      held += bytes;
    },
    find(prompt, whole, alternatives) {
      if (whole) return alternatives === undefined ? exact(prompt) : undefined;
      let [best, most] = [undefined as Prefix | undefined, 0];
      for (const prefix of entries.keys()) {
        let common = Math.min(commonLength(prefix.ids, prompt), prompt.length - 1);
        if (alternatives !== undefined) {
          const { scores } = prefix;
          // The score of the token after the state's last needs the state one token earlier.
          common = scores?.alternatives === alternatives ? Math.min(common, scores.tokens.length) - 1 : 0;
        }
        if (common > most) [best, most] = [prefix, common];
      }
      if (best === undefined || most < LEAST) return undefined;
      const state = best.state.fork(most);
      if (state === undefined) return undefined;
      touch(best);
      return { state, scores: alternatives === undefined ? [] : best.scores!.tokens.slice(0, most + 1) };
    },
    clear() {
      for (const prefix of [...entries.keys()]) remove(prefix);
    },
  };
}

/** How many ids two lists begin with alike. */
export function commonLength(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
