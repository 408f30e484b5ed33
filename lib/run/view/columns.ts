// Helpers for table columns.
import type { Column } from "../events/events.ts";

/** A column of text. */
export function textColumn(key: string, title: string = key): Column {
  return { key, title, kind: "text" };
}

/**
 * A column of numbers.
 *
 * @param digits after the decimal point
 * @param better which values are better; the best is marked
 */
export function numberColumn(key: string, title: string = key, digits?: number, better?: "lower" | "higher"): Column {
  return {
    key,
    title,
    kind: "number",
    ...(digits === undefined ? {} : { digits }),
    ...(better === undefined ? {} : { better }),
  };
}
