// Parts of JSON that every schema uses.
import { codePoints, complement } from "../code-points.ts";
import { type Expression, rule } from "../grammar.ts";
import { regularExpression } from "../regular-expression.ts";

/** The texts that a regular expression matches. */
export function matches(source: string): Expression {
  return { kind: "automaton", automaton: regularExpression(source) };
}

/**
 * Between tokens of JSON: nothing, a space, or a new line and up to 20 spaces or tabs. It has an end, so that a model cannot
 * write spaces forever.
 */
export const WHITESPACE = rule(() => matches("(?: |\\n[ \\t]{0,20})?"));

/** The characters that a JSON string holds as they are. */
export const UNESCAPED = complement(codePoints(0, 0x1f, 0x22, 0x22, 0x5c, 0x5c));

/** One character of a JSON string, escaped or not. Surrogates come in pairs. */
export const CHARACTER = rule(() =>
  matches(
    '[^"\\\\\\u0000-\\u001f]|\\\\(?:["\\\\/bfnrt]|u(?:[0-9A-CEFa-cef][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2}' +
      "|[Dd][89ABab][0-9A-Fa-f]{2}\\\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}))",
  )
);
