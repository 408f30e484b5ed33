// Commander without printing or exiting: help is returned as text, and mistakes are thrown as user errors.
import { type Command, CommanderError } from "commander";
import { didYouMean, UserError } from "../../errors.ts";

/** Parsed arguments. */
export type Parsed =
  | { readonly kind: "help"; readonly text: string }
  | {
    readonly kind: "options";
    readonly options: Readonly<Record<string, unknown>>;
    readonly positional: readonly string[];
  };

/**
 * Parses the arguments after the program's name.
 *
 * @throws UserError for unknown options (with the nearest), missing values and excess arguments
 */
export function parseWithCommander(command: Command, args: readonly string[]): Parsed {
  let text = "";
  command.exitOverride().allowExcessArguments(false).configureOutput({
    writeOut: (piece) => text += piece,
    writeErr: () => {},
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "help", text };
    throw asUserError(error, command.name());
  }
  return { kind: "options", options: command.opts(), positional: command.args };
}

function asUserError(error: CommanderError, name: string): UserError {
  const [first, ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest.join(" ").trim().replace(/^\(|\)$/g, "");
  const message = first!.charAt(0).toUpperCase() + first!.slice(1).replace(/\.$/, "");
  const code = error.code.replace(/^commander\./, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new UserError(
    `command.${code}`,
    message,
    [suggestion, `${name} --help lists every option`].filter(Boolean).join("; "),
  );
}

/**
 * The integer of an option's text.
 *
 * @throws UserError `command.malformed` when it is not one from `low` to `high`
 */
export function readInteger(option: string, text: string, low: number, high: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!(value >= low && value <= high)) {
    throw new UserError(
      "command.malformed",
      `Cannot read ${option} ${text}: expected a whole number from ${low} to ${high}`,
    );
  }
  return value;
}

/**
 * The number of an option's text.
 *
 * @throws UserError `command.malformed` when it is not one from `low` to `high`
 */
export function readNumber(option: string, text: string, low = -Infinity, high = Infinity): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (Number.isFinite(value) && value >= low && value <= high) return value;
  const range = Number.isFinite(high) ? ` from ${low} to ${high}` : Number.isFinite(low) ? ` of at least ${low}` : "";
  throw new UserError(
    "command.malformed",
    `Cannot read ${option} ${text}: expected a number${range}`,
    `write it as in ${option} 0.5`,
  );
}

/** The error for a command that does not exist. */
export function unknownCommand(word: string, commands: readonly string[]): UserError {
  return new UserError(
    "command.unknown",
    `Unknown command "${word}": expected one of ${commands.join(", ")}`,
    didYouMean(word, commands),
  );
}
