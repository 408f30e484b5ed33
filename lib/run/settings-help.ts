// The settings part of `--help`: every key of the schema with its type, default and one line.
import type { z } from "zod";
import { configKeys } from "./config-keys.ts";

/** One line a setting: key, type, default, description. */
export function settingsHelp(schema: z.ZodType): string {
  const rows = configKeys(schema).map((key) => [
    `  ${key.path}`,
    key.type,
    key.default === undefined ? "" : `[${JSON.stringify(key.default)}]`,
    key.description,
  ]);
  const widths = [0, 1, 2].map((column) => Math.min(40, Math.max(...rows.map((row) => row[column]!.length))));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
  return `Settings (--set key=value) with type, [default] and meaning; presets change some of the defaults:\n${
    lines.join("\n")
  }\n`;
}
