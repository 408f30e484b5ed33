// JSON arrays: first items with schemas of their own, then others.
import { choice, type Expression, repeat, type Rule, rule, sequence, text } from "../grammar.ts";
import type { Alternative } from "./alternative.ts";
import type { Node } from "./nodes.ts";
import { WHITESPACE } from "./text.ts";

/**
 * Arrays of an alternative. Items that `prefixItems` describes are all written, unless `minItems` wants fewer; others follow if
 * `items` says what they are, or if `prefixItems` is absent.
 *
 * @param ruleOf what satisfies all of some schemas
 */
export function arrayGrammar({ items, minItems, maxItems }: Alternative, ruleOf: (nodes: readonly Node[]) => Rule) {
  const K = Math.max(0, ...items.map(({ first }) => first.length));
  const least = minItems ?? Math.min(K, maxItems);
  const itemAt = (at: number) => ruleOf(items.flatMap(({ first, others }) => first[at] ?? others ?? []));
  const isOpen = K === 0 || least > K || items.some(({ others }) => others !== undefined);
  const close = sequence(WHITESPACE, text("]"));
  const separator = (at: number) => at === 0 ? WHITESPACE : sequence(text(","), WHITESPACE);
  const tail = (at: number): Rule =>
    rule((): Expression => {
      const options: Expression[] = at >= least ? [close] : [];
      if (at < maxItems && (at < K || isOpen)) {
        const more = at < K
          ? tail(at + 1)
          : sequence(repeat(sequence(separator(1), itemAt(K)), Math.max(0, least - at - 1), maxItems - at - 1), close);
        options.push(sequence(separator(at), itemAt(at), more));
      }
      return choice(...options);
    });
  return sequence(text("["), tail(0));
}
