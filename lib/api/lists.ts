// Lists in requests, whose check ends at the first wrong item: telling what is wrong with millions of them would keep the
// server from answering others.
import { z } from "@hono/zod-openapi";

/** Most items of a list, far more than any context has room for. */
const MOST_ITEMS = 200_000;

/**
 * Reads the items of a list before its schema does, and stops at the first wrong one.
 *
 * @param itemOf the schema of the items, by what the list has
 */
export function stopsAtFirst<Schema extends z.ZodType>(
  list: Schema,
  itemOf: (values: readonly unknown[]) => z.ZodType,
) {
  return z.preprocess((values, context) => {
    if (!Array.isArray(values)) return values;
    const issue = values.length > MOST_ITEMS ? tooMany(values) : firstIssue(values, itemOf(values));
    if (issue === undefined) return values;
    context.addIssue(issue as never);
    return z.NEVER;
  }, list);
}

function tooMany(input: readonly unknown[]) {
  return { code: "too_big", origin: "array", maximum: MOST_ITEMS, inclusive: true, path: [], input };
}

function firstIssue(values: readonly unknown[], item: z.ZodType) {
  for (const [i, value] of values.entries()) {
    const issue = item.safeParse(value).error?.issues[0];
    if (issue !== undefined) return { ...issue, path: [i, ...issue.path] };
  }
}
