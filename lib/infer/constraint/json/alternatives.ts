// JSON schemas as a choice of alternatives: what `$ref`, `allOf`, `anyOf` and `oneOf` combine.
import { type Alternative, ANYTHING, merged } from "./alternative.ts";
import { keywordsOf, wrong } from "./keywords.ts";
import { type Node, type Nodes, schemaFault } from "./nodes.ts";

const MOST_ALTERNATIVES = 1000;

/** Most subschemas that are combined at one place, each counted as often as it is referred to. */
const MOST_COMBINED = 10_000;

/** Longest chain of `$ref`, `allOf`, `anyOf` and `oneOf`. */
const LONGEST_CHAIN = 500;

/** Decides whether values can satisfy two alternatives at once. */
export type Overlap = (a: Alternative, b: Alternative) => boolean;

/**
 * What satisfies all of some schemas.
 *
 * @param overlap for `oneOf`, which is supported where the alternatives exclude each other
 * @throws UserError `constraint.schema` for a keyword that is wrong or not supported
 */
export function alternativesOf(nodes: Nodes, all: readonly Node[], overlap: Overlap): readonly Alternative[] {
  let readCount = 0;
  const read = (node: Node, within: readonly Node[]): readonly Alternative[] => {
    if (++readCount > MOST_COMBINED) throw tooMany(node.path);
    if (within.length === LONGEST_CHAIN) {
      throw schemaFault(node.path, `more than ${LONGEST_CHAIN} of $ref, allOf, anyOf and oneOf follow each other`);
    }
    if (within.includes(node)) throw schemaFault(node.path, "the schema refers to itself without an end");
    const { path, value } = node;
    const inside = [...within, node];
    if (value === true) return [{ path, ...ANYTHING }];
    if (value === false) return [];
    let found: readonly Alternative[] = [keywordsOf(nodes, node, value)];
    if (Object.hasOwn(value, "$ref")) found = combined(found, read(nodes.referred(node, value["$ref"]), inside), path);
    for (const one of listed(nodes, node, value, "allOf")) found = combined(found, read(one, inside), path);
    const anyOf = listed(nodes, node, value, "anyOf");
    if (anyOf.length > 0) {
      const some: Alternative[] = [];
      for (const one of anyOf) {
        some.push(...read(one, inside));
        if (some.length > MOST_ALTERNATIVES) throw tooMany(path);
      }
      found = combined(found, some, path);
    }
    const oneOf = listed(nodes, node, value, "oneOf").map((one) => combined(found, read(one, inside), path));
    if (oneOf.length > 0) {
      found = oneOf.flat();
      if (found.length > MOST_ALTERNATIVES) throw tooMany(path);
      oneOf.forEach((some, i) =>
        oneOf.slice(0, i).forEach((others, k) => {
          if (!some.some((a) => others.some((b) => overlap(a, b)))) return;
          const what = `a value may satisfy both ${k} and ${i} of oneOf`;
          throw schemaFault(path, what, "Use anyOf, or give each alternative a property with a const of its own");
        })
      );
    }
    return found;
  };
  const { path } = nodes.root;
  const anything: readonly Alternative[] = [{ path, ...ANYTHING }];
  return all.reduce((found, node) => combined(found, read(node, []), path), anything);
}

function tooMany(path: string) {
  return schemaFault(path, "there are too many combinations of alternatives");
}

/** Each of some alternatives with each of others, unless these are too many. */
function combined(some: readonly Alternative[], others: readonly Alternative[], path: string): readonly Alternative[] {
  if (some.length * others.length > MOST_ALTERNATIVES) throw tooMany(path);
  return some.flatMap((a) => others.map((b) => merged(a, b)));
}

/** The subschemas in a list at a keyword; none if it is absent. */
function listed(nodes: Nodes, node: Node, value: Readonly<Record<string, unknown>>, key: string): readonly Node[] {
  if (!Object.hasOwn(value, key)) return [];
  const list = value[key];
  if (!Array.isArray(list) || list.length === 0) throw wrong(node, key, list, "a list of at least one schema");
  return list.map((_, i) => nodes.child(node, key, i));
}
