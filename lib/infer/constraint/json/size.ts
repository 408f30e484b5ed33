// Limits of how deep and how large a JSON schema is.
import { schemaFault } from "./nodes.ts";

/** Levels of objects and lists within each other; what reads schemas calls itself at each. */
const DEEPEST = 500;

/** Values of all kinds, such as subschemas, keywords and what `enum` lists. */
const MOST_VALUES = 20_000;

/**
 * Refuses what would take seconds or the whole stack to read. It does not call itself, and must come before anything that does,
 * such as `JSON.stringify`.
 *
 * @throws UserError `constraint.schema`
 */
export function checkSize(schema: unknown): void {
  const open = [{ value: schema, depth: 0 }];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== "object" || value === null) continue;
    if (depth === DEEPEST) {
      throw schemaFault("#", `objects and lists are nested in each other more than ${DEEPEST} levels deep`);
    }
    const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    count += inside.length;
    if (count > MOST_VALUES) {
      const most = MOST_VALUES.toLocaleString("en");
      throw schemaFault("#", `there are more than ${most} values`, "Shorten the lists of enum and properties");
    }
    for (const one of inside) open.push({ value: one, depth: depth + 1 });
  }
}
