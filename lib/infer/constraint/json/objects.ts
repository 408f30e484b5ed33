// JSON objects: properties in the order of the schema, then others.
import { allBut } from "../char-automaton.ts";
import { choice, type Expression, repeat, type Rule, rule, sequence, text } from "../grammar.ts";
import type { Alternative } from "./alternative.ts";
import { type Node, schemaFault } from "./nodes.ts";
import { CHARACTER, UNESCAPED, WHITESPACE } from "./text.ts";

/**
 * Objects of an alternative. Properties come in the order of the schema, and names are not escaped unless they must be.
 *
 * Properties that the schema does not name come last. They are written if `additionalProperties` says what they are, or if the
 * schema names none.
 *
 * @param ruleOf what satisfies all of some schemas
 */
export function objectGrammar(alternative: Alternative, ruleOf: (nodes: readonly Node[]) => Rule): Expression {
  const { path, properties, required, minProperties, maxProperties } = alternative;
  const names = [...new Set([...properties.flatMap(({ named }) => [...named.keys()]), ...required])];
  const others = properties.flatMap(({ others }) => others === undefined ? [] : [others]);
  const isOpen = others.length > 0 || names.length === 0;
  if (isOpen && minProperties > names.length + 1 && others.every(({ value }) => value !== false)) {
    // One and the same name may be written several times.
    throw schemaFault(path, `minProperties ${minProperties} is not supported for properties without names`);
  }
  const values = names.map((name) =>
    ruleOf(properties.flatMap(({ named, others }) => named.get(name) ?? others ?? []))
  );
  const other = rule(() => otherProperty(names, ruleOf(others)));
  const tails = new Map<string, Rule>();

  /** What follows the properties before `at`, of which `count` were written. */
  const tail = (at: number, count: number): Rule => {
    // Counts that make no difference are one.
    const known = maxProperties < Infinity ? count : Math.min(count, Math.max(1, minProperties));
    const key = `${at} ${known}`;
    let found = tails.get(key);
    if (found === undefined) tails.set(key, found = rule(() => at < names.length ? property(at, known) : end(known)));
    return found;
  };
  const property = (at: number, count: number): Expression => {
    const name = names[at]!;
    const options: Expression[] = [];
    if (count < maxProperties) {
      options.push(
        sequence(separator(count), text(`${JSON.stringify(name)}:`), WHITESPACE, values[at]!, tail(at + 1, count + 1)),
      );
    }
    if (!required.includes(name)) options.push(tail(at + 1, count));
    return choice(...options);
  };
  const end = (count: number): Expression => {
    const close = sequence(WHITESPACE, text("}"));
    const options: Expression[] = count >= minProperties ? [close] : [];
    if (isOpen && count < maxProperties && count + 1 >= minProperties) {
      const more = repeat(sequence(separator(1), other), 0, maxProperties - count - 1);
      options.push(sequence(separator(count), other, more, close));
    }
    return choice(...options);
  };
  return sequence(text("{"), tail(0, 0));
}

const separator = (count: number) => count === 0 ? WHITESPACE : sequence(text(","), WHITESPACE);

/** A property with any name but some. */
function otherProperty(names: readonly string[], value: Rule): Expression {
  // An escape could spell one of the names.
  const isPlain = (name: string) => JSON.stringify(name).length === name.length + 2 && name.isWellFormed();
  const key: Expression = names.length === 0
    ? repeat(CHARACTER, 0, Infinity)
    : { kind: "automaton", automaton: allBut(names.filter(isPlain), UNESCAPED) };
  return sequence(text('"'), key, text('":'), WHITESPACE, value);
}
