// Columns of tables.
import type { Column } from "../run/mod.ts";

/** A column of text. */
export function textColumn(key: string, title: string): Column {
  return { key, title, kind: "text" };
}

/** A column of numbers, with so many digits after the point, whose best value is marked if one direction is better. */
export function numberColumn(key: string, title: string, digits: number, better?: "lower" | "higher"): Column {
  return { key, title, kind: "number", digits, ...(better === undefined ? {} : { better }) };
}
