// The settings in `--help`: an overview by section, or every key of a section with its default, meaning and type.
import type { z } from "zod";
import { didYouMean, UserError } from "../../errors.ts";
import { type ConfigKey, configKeys } from "./config-keys.ts";

/** Descriptions start at this column, unless a key and its default are wider. */
const KEY_WIDTH = 40;
/** Width of the overview. */
const WIDTH = 80;
/** The section that stands for all settings. */
const ALL = "all";

/** One line per section: its name, the number of its settings, and the first of them. */
export function settingsOverview(schema: z.ZodType): string {
  const groups = Map.groupBy(configKeys(schema), ({ path }) => path.split(".")[0]!);
  const width = Math.max(...[...groups.keys()].map((name) => name.length));
  const lines = [...groups].map(([name, keys]) => {
    const [first] = keys;
    const text = keys.length === 1 && first!.path === name
      ? first!.description
      : `${keys.length} settings: ${keys.map(({ path }) => path.slice(name.length + 1)).join(", ")}`;
    return shorten(`  ${name.padEnd(width)}  ${text}`);
  });
  return `Settings, for --set key=value (--help <section> or --help ${ALL} describes them):\n${lines.join("\n")}\n`;
}

/**
 * One line per setting of a section: `key=default`, what it means, and its type.
 *
 * @param section `train`, `train.seed`, or `all`
 * @throws UserError `command.help` when there are no such settings
 */
export function settingsHelp(schema: z.ZodType, section: string): string {
  const keys = configKeys(schema);
  const shown = keys.filter(({ path }) => section === ALL || path === section || path.startsWith(`${section}.`));
  if (shown.length === 0) throw unknownSection(section, keys);
  const rows = shown.map((key) => ({
    key: `  ${key.path}=${defaultText(key.default)}`,
    meaning: [key.description, `(${key.type})`].filter((part) => part !== "").join(" "),
  }));
  const width = Math.min(KEY_WIDTH, Math.max(...rows.map(({ key }) => key.length)));
  const lines = rows.map(({ key, meaning }) => `${key.padEnd(width)}  ${meaning}`);
  return `Settings, for --set key=value, with their defaults (a preset changes some):\n${lines.join("\n")}\n`;
}

function unknownSection(section: string, keys: readonly ConfigKey[]): UserError {
  const groups = keys.flatMap(({ path }) => path.split(".").map((_, i, parts) => parts.slice(0, i + 1).join(".")));
  const top = [...new Set(groups.filter((group) => !group.includes(".")))];
  return new UserError(
    "command.help",
    `There are no settings "${section}": expected ${ALL}, or one of ${top.join(", ")}`,
    didYouMean(section, [...new Set(groups), ALL], "--help ", "--help alone describes the options"),
  );
}

function shorten(line: string): string {
  return line.length <= WIDTH ? line : `${line.slice(0, line.lastIndexOf(" ", WIDTH - 2)).replace(/,$/, "")} …`;
}

function defaultText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}
