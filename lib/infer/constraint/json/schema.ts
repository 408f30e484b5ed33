// The grammar of the JSON texts that are valid under a JSON schema.
import { choice, type Expression, type Rule, rule, text } from "../grammar.ts";
import { type Alternative, generatedTypes, type JsonType } from "./alternative.ts";
import { alternativesOf } from "./alternatives.ts";
import { arrayGrammar } from "./arrays.ts";
import { areExclusive } from "./exclusive.ts";
import { type Node, schemaNodes } from "./nodes.ts";
import { numberGrammar } from "./numbers.ts";
import { objectGrammar } from "./objects.ts";
import { stringGrammar } from "./strings.ts";
import { fittingValues } from "./values.ts";

/**
 * Texts that are valid under a JSON schema (draft 2020-12, and what drafts 4 to 2019-09 have in common with it). There is no
 * space before or after the value.
 *
 * All that the grammar allows is valid; not all that is valid is allowed. The docs of the functions for each type say what is
 * left out.
 *
 * @throws UserError `constraint.schema` for a keyword that is wrong or not supported, `constraint.pattern`
 */
export function jsonSchema(schema: unknown): Expression {
  const nodes = schemaNodes(schema);
  const rules = new Map<string, Rule>();
  const ruleOf = (all: readonly Node[]): Rule => {
    const unique = [...new Set(all)].sort((a, b) => a.id - b.id);
    const key = unique.map(({ id }) => id).join();
    let found = rules.get(key);
    if (found === undefined) rules.set(key, found = rule(() => choice(...alternatives(unique).map(grammarOf))));
    return found;
  };
  const alternatives = (all: readonly Node[]): readonly Alternative[] =>
    alternativesOf(nodes, all, (a, b) => !areExclusive(a, b, parts));
  // A oneOf within others is judged at its own place.
  const parts = (all: readonly Node[]): readonly Alternative[] => alternativesOf(nodes, all, () => false);
  const grammarOf = (alternative: Alternative): Expression =>
    alternative.values !== undefined
      ? choice(...fittingValues(alternative, alternative.values).map((value) => text(JSON.stringify(value))))
      : choice(...generatedTypes(alternative).map((type) => typeGrammar(type, alternative)));
  const typeGrammar = (type: JsonType, alternative: Alternative): Expression => {
    switch (type) {
      case "null":
        return text("null");
      case "boolean":
        return choice(text("true"), text("false"));
      case "number":
        return numberGrammar(alternative);
      case "string":
        return stringGrammar(alternative);
      case "array":
        return arrayGrammar(alternative, ruleOf);
      case "object":
        return objectGrammar(alternative, ruleOf);
    }
  };
  return ruleOf([nodes.root]);
}
