// The settings part of `--help`: every key of the schema with its type, default and one line.
import type { z } from "zod";
import { configKeys } from "./config-keys.ts";

/** Keys longer than this, with their default, push their description to the right. */
const KEY_WIDTH = 40;

/** One line a setting: `key=default`, what it means, and its type. */
export function settingsHelp(schema: z.ZodType): string {
  const rows = configKeys(schema).map((key) => ({
    key: `  ${key.path}=${shown(key.default)}`,
    meaning: [key.description, `(${key.type})`].filter((part) => part !== "").join(" "),
  }));
  const width = Math.min(KEY_WIDTH, Math.max(0, ...rows.map(({ key }) => key.length)));
  const lines = rows.map(({ key, meaning }) => `${key.padEnd(width)}  ${meaning}`);
  return `Settings, for --set key=value, with their defaults (a preset changes some):\n${lines.join("\n")}\n`;
}

function shown(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}
