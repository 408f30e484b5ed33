// Text from generated tokens: what is certain so far, up to a stop text.
import { decodeStream, type Tokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";

/** Turns generated tokens into text as they come. */
export interface TextStream {
  /**
   * The text that is certain after this token: none while a character is incomplete, or while a stop text may have begun.
   * Special tokens have no text.
   */
  push(id: number): string;
  /** Whether a stop text has appeared. Later tokens add nothing. */
  readonly stopped: boolean;
  /** The text that was held back, at the end; U+FFFD for a character that stayed incomplete. */
  end(): string;
}

/** So many of the prompt's last tokens decide how the first generated one is written. */
const CONTEXT = 16;

/**
 * The text of generated tokens. All pieces together are the text before the stop text that is complete first (of those,
 * the longest), wherever tokens begin and end.
 *
 * @param stops texts that end the text, and are not part of it
 * @param prompt ids of the prompt, which the text continues: SentencePiece writes the first word of a text without the space
 *   that its token has
 * @throws UserError `generate.stop` for an empty stop text
 */
export function textStream(
  tokenizer: Pick<Tokenizer, "decode">,
  stops: readonly string[] = [],
  prompt: readonly number[] = [],
): TextStream {
  checkStops(stops);
  const decoded = decodeStream(tokenizer);
  for (const id of prompt.slice(-CONTEXT)) decoded.push(id);
  let held = "";
  let stopped = false;
  const add = (text: string): string => {
    if (stopped || text === "") return "";
    held += text;
    const cut = stopStart(held, stops);
    stopped = cut !== undefined;
    const certain = held.slice(0, cut ?? held.length - beginning(held, stops));
    held = stopped ? "" : held.slice(certain.length);
    return certain;
  };
  return {
    push: (id) => stopped ? "" : add(decoded.push(id)),
    get stopped() {
      return stopped;
    },
    end() {
      const text = add(stopped ? "" : decoded.end()) + held;
      held = "";
      return text;
    },
  };
}

/** @throws UserError `generate.stop` for an empty stop text */
export function checkStops(stops: readonly string[]): void {
  if (!stops.includes("")) return;
  throw new UserError("generate.stop", "A stop text is empty, and would end every text at once", "Leave it out");
}

/** Where the stop text begins that is complete first; the longest of those. */
function stopStart(text: string, stops: readonly string[]): number | undefined {
  let [start, end] = [-1, Infinity];
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at < 0) continue;
    if (at + stop.length < end || (at + stop.length === end && at < start)) [start, end] = [at, at + stop.length];
  }
  return start < 0 ? undefined : start;
}

/** Length of the longest end of `text` that a stop text begins with. */
function beginning(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
