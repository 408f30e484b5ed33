// Values that `enum` and `const` give, beside other keywords.
import type { Alternative, JsonType } from "./alternative.ts";
import { schemaFault } from "./nodes.ts";

export function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as "boolean" | "number" | "string" | "object";
}

/**
 * The values that have one of the types and are within the bounds.
 *
 * @throws UserError `constraint.schema` if other keywords than those for types and bounds are about them
 */
export function fittingValues(alternative: Alternative, values: readonly unknown[]): readonly unknown[] {
  const { path, types, isInteger, least, most, minLength, maxLength } = alternative;
  return values.filter((value) => {
    const type = typeOf(value);
    if (!types.includes(type)) return false;
    const isJudged = {
      string: alternative.patterns.length + alternative.formats.length === 0,
      number: alternative.multiples.length === 0,
      array: alternative.items.length === 0 && alternative.minItems === undefined && alternative.maxItems === Infinity,
      object: alternative.properties.length + alternative.required.length + alternative.minProperties === 0 &&
        alternative.maxProperties === Infinity,
      null: true,
      boolean: true,
    };
    if (!isJudged[type]) {
      throw schemaFault(path, `enum and const of the type ${type} are not supported beside keywords for ${type}s`);
    }
    if (typeof value === "string") {
      const { length } = [...value];
      return length >= minLength && length <= maxLength;
    }
    if (typeof value !== "number") return true;
    return (!isInteger || Number.isInteger(value)) &&
      least.every((bound) => bound.isExclusive ? value > bound.value : value >= bound.value) &&
      most.every((bound) => bound.isExclusive ? value < bound.value : value <= bound.value);
  });
}
