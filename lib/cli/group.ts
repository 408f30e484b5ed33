// Commands with subcommands, each in a file of its own that is loaded when it runs.
import { Command } from "commander";
import { parseWithCommander, unknownCommand } from "../run/mod.ts";
import type { Print } from "./command.ts";
import { later } from "./later.ts";

/** A subcommand. */
type Action = (args: readonly string[], print: Print) => Promise<number | void>;

/**
 * A command that runs one of its subcommands.
 *
 * @param about what it is, in a sentence
 * @param subcommands the file of each, and the function in it
 * @returns resolves to the exit code of a subcommand that has one; throws UserError `command.unknown` naming the nearest
 *   subcommand
 */
export function commandGroup(
  name: string,
  about: string,
  subcommands: Readonly<Record<string, readonly [file: string, action: string]>>,
): (args: readonly string[], print?: Print) => Promise<number | void> {
  const words = Object.keys(subcommands);
  const names = words.map((word) => `${name} ${word}`);
  return async (args, print = console.log) => {
    const [word = "", ...rest] = args;
    const subcommand = Object.hasOwn(subcommands, word) ? subcommands[word] : undefined;
    if (subcommand !== undefined) {
      const [file, action] = subcommand;
      return await (await later<Record<string, Action>>(file))[action]!(rest, print);
    }
    if (word !== "" && !word.startsWith("-")) throw unknownCommand(`${name} ${word}`, names);
    const command = new Command(name)
      .description(`${about} ${name} <subcommand> --help describes one.`)
      .argument("[subcommand]", words.join(" or "));
    const parsed = parseWithCommander(command, args.length === 0 ? ["--help"] : args);
    if (parsed.kind === "help") print(parsed.text.trimEnd());
  };
}
