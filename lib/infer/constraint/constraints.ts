// Constraints of generated text for one vocabulary.
import type { Tokenizer } from "../../data/mod.ts";
import { UserError } from "../../errors.ts";
import type { TokenConstraint } from "../types.ts";
import { type Expression, network } from "./grammar.ts";
import { jsonSchema } from "./json/schema.ts";
import { checkSize } from "./json/size.ts";
import { type Machine, machine, type State } from "./machine.ts";
import { regularExpression } from "./regular-expression.ts";
import { type Vocabulary, vocabulary } from "./vocabulary.ts";

/** Makes constraints, each for one text. A text that is cut at the limit of tokens is the beginning of a valid one. */
export interface Constraints {
  /**
   * The text is JSON that is valid under a JSON schema.
   *
   * @throws UserError `constraint.schema` for a keyword that is wrong or not supported, and for a schema that is too deep or too
   * large; `constraint.pattern`, `constraint.empty` if nothing is valid; `constraint.too-large`; `tokenizer.decoder`
   */
  jsonSchema(schema: unknown): TokenConstraint;
  /** The text is a JSON object. */
  jsonObject(): TokenConstraint;
  /**
   * A regular expression in the syntax of JavaScript matches the text as a whole. The text follows the prompt; a prompt
   * without text, such as `<s>` alone, makes SentencePiece drop a first space.
   *
   * @throws UserError `constraint.pattern` for what is malformed or not supported, such as backreferences;
   * `constraint.empty` if it matches no text; `constraint.too-large`; `tokenizer.decoder`
   */
  regularExpression(source: string): TokenConstraint;
}

/** So many grammars are kept to be used again. */
const KEPT_GRAMMARS = 16;

/**
 * Constraints for a tokenizer. Only tokens may come from which the text can be completed, so no text runs into a dead end.
 *
 * @param ends ids of tokens that end a text, besides the tokenizer's `<|endoftext|>`; they may come exactly when the text is
 *   complete
 * @param vocabSize number of logits. @default the tokenizer's
 */
export function constraints(
  tokenizer: Pick<Tokenizer, "bytes" | "endOfText" | "vocabSize">,
  ends: readonly number[] = [],
  vocabSize = tokenizer.vocabSize,
): Constraints {
  let words: Vocabulary | undefined;
  const machines = new Map<string, Machine>();
  const start = (key: string, grammar: () => Expression): TokenConstraint => {
    const bytes = (id: number) => id < tokenizer.vocabSize ? tokenizer.bytes(id) : undefined;
    words ??= vocabulary(vocabSize, bytes, [...new Set([tokenizer.endOfText, ...ends])]);
    let found = machines.get(key);
    machines.delete(key);
    if (found === undefined) {
      const states = network(grammar(), words.hasByte);
      if (states === undefined) throw nothingFits();
      found = machine(states);
    }
    machines.set(key, found); // the last one is the most recently used
    if (machines.size > KEPT_GRAMMARS) machines.delete(machines.keys().next().value!);
    return tokenConstraint(words, found);
  };
  return {
    jsonSchema(schema) {
      checkSize(schema);
      return start(`schema ${JSON.stringify(schema)}`, () => jsonSchema(schema));
    },
    jsonObject: () => start("object", () => jsonSchema({ type: "object" })),
    regularExpression: (source) =>
      start(`pattern ${source}`, () => ({ kind: "automaton", automaton: regularExpression(source) })),
  };
}

function nothingFits(): UserError {
  return new UserError(
    "constraint.empty",
    "No text satisfies the constraint",
    "Look for bounds that exclude each other, and for properties that require themselves",
  );
}

function tokenConstraint(words: Vocabulary, machine: Machine): TokenConstraint {
  let state = machine.first;
  let hasEnded = false;
  return {
    apply(logits) {
      if (hasEnded) return;
      forbid(logits, state.mask ??= words.mask(machine, state));
    },
    accept(id) {
      if (words.ends.includes(id) && state.accepts) {
        hasEnded = true;
        return;
      }
      const bytes = words.bytes(id) ?? [];
      let next: State | null = bytes.length === 0 || hasEnded ? null : state;
      for (const byte of bytes) next &&= machine.step(next, byte);
      if (next === null) throw new Error(`Token ${id} may not come here`);
      state = next;
    },
    get complete() {
      return hasEnded || state.isFinal;
    },
  };
}

function forbid(logits: Float32Array, mask: Uint32Array): void {
  for (let at = 0; at < mask.length; at++) {
    const bits = mask[at]!;
    if (bits === 0xffffffff) continue;
    const first = at << 5;
    const last = Math.min(first + 32, logits.length);
    if (bits === 0) logits.fill(-Infinity, first, last);
    else for (let id = first; id < last; id++) if ((bits >>> (id - first) & 1) === 0) logits[id] = -Infinity;
  }
}
