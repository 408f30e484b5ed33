// Whether two alternatives exclude each other, as those of `oneOf` must.
import { type Alternative, equal, type JsonType } from "./alternative.ts";
import type { Node } from "./nodes.ts";
import { typeOf } from "./values.ts";

/** Deeper properties are not looked at. */
const DEEPEST = 4;

/**
 * Whether no value can satisfy both: by their types, the values they list, or a property that both require. False if it is
 * not clear.
 *
 * @param alternatives what satisfies all of some schemas
 */
export function areExclusive(
  a: Alternative,
  b: Alternative,
  alternatives: (nodes: readonly Node[]) => readonly Alternative[],
  depth = 0,
): boolean {
  const common = typesOf(a).filter((type) => typesOf(b).includes(type));
  if (common.length === 0) return true;
  if (a.values !== undefined && b.values !== undefined) {
    return !a.values.some((one) => b.values!.some((other) => equal(one, other)));
  }
  if (common.join() !== "object" || depth === DEEPEST) return false;
  return a.required.some((name) => {
    if (!b.required.includes(name)) return lacks(b, name);
    const [ours, theirs] = [alternatives(schemasOf(a, name)), alternatives(schemasOf(b, name))];
    return ours.every((one) => theirs.every((other) => areExclusive(one, other, alternatives, depth + 1)));
  }) || b.required.some((name) => lacks(a, name));
}

function typesOf({ types, values }: Alternative): readonly JsonType[] {
  return values === undefined ? types : types.filter((type) => values.some((value) => typeOf(value) === type));
}

/** What an alternative says about a property. */
function schemasOf({ properties }: Alternative, name: string): readonly Node[] {
  return properties.flatMap(({ named, others }) => named.get(name) ?? others ?? []);
}

const lacks = (alternative: Alternative, name: string) =>
  schemasOf(alternative, name).some(({ value }) => value === false);
