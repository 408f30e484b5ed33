// Shorter ways to give the settings that most commands of an experiment give: as an argument, or as an option of its own.
import { Argument, type Command, Option } from "commander";

/** A shorter way to give a setting. */
export interface Shorthand {
  /** As commander takes it: `--model <name>`, or `[model]` for what stands without an option. */
  readonly flags: string;
  /** Key path of the setting. */
  readonly setting: string;
  readonly description: string;
}

const isArgument = ({ flags }: Shorthand) => flags.startsWith("[");

/** Declares them to commander, so that `--help` lists them and mistyped ones are named. */
export function declareShorthands(command: Command, shorthands: readonly Shorthand[]): void {
  for (const one of shorthands) {
    if (isArgument(one)) command.addArgument(new Argument(one.flags, one.description));
    else command.addOption(new Option(one.flags, one.description));
  }
}

/**
 * What was given in these ways, as texts of `--set`, and how people know each: `--budget`. A `--set` of the same setting
 * takes precedence: so a command can be repeated with another value behind it.
 */
export function shorthandSets(
  shorthands: readonly Shorthand[],
  { positional, options }: {
    readonly positional: readonly string[];
    readonly options: Readonly<Record<string, unknown>>;
  },
  sets: readonly string[],
): { readonly sets: readonly string[]; readonly names: Readonly<Record<string, string>> } {
  const set = new Set(sets.map((text) => text.split("=", 1)[0]!.trim()));
  const args = [...positional];
  const given = shorthands.flatMap((one) => {
    const option = isArgument(one) ? undefined : new Option(one.flags);
    const value = option === undefined ? args.shift() : options[option.attributeName()];
    const name = option?.long ?? one.flags;
    return value === undefined || set.has(one.setting) ? [] : [{ setting: one.setting, name, value }];
  });
  return {
    sets: given.map(({ setting, value }) => `${setting}=${value}`),
    names: Object.fromEntries(given.map(({ setting, name }) => [setting, name])),
  };
}
