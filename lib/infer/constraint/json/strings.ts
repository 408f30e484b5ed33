// JSON strings with lengths, patterns and formats.
import { ANY } from "../code-points.ts";
import { type CharAutomaton, charAutomaton, intersect } from "../char-automaton.ts";
import { type Expression, repeat, sequence, text } from "../grammar.ts";
import { regularExpression } from "../regular-expression.ts";
import type { Alternative } from "./alternative.ts";
import { FORMATS } from "./formats.ts";
import { CHARACTER } from "./text.ts";

/** Strings of an alternative. With a pattern or a format, characters are escaped only where they must be. */
export function stringGrammar({ minLength, maxLength, patterns, formats }: Alternative): Expression {
  const automata: CharAutomaton[] = patterns.map((source) => regularExpression(source, { anywhere: true }));
  automata.push(...formats.map((format) => regularExpression(FORMATS[format]!)));
  if (automata.length === 0) return sequence(text('"'), repeat(CHARACTER, minLength, maxLength), text('"'));
  if (minLength > 0 || maxLength < Infinity) {
    automata.push(charAutomaton({ kind: "repeat", item: { kind: "set", set: ANY }, min: minLength, max: maxLength }));
  }
  const automaton = automata.reduce(intersect);
  return sequence(text('"'), { kind: "automaton", automaton, isJson: true }, text('"'));
}
