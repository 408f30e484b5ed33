// `deno task model`: its subcommands, each in a file of its own and loaded when it runs.
import { Command } from "commander";
import { parseWithCommander, unknownCommand } from "../run/mod.ts";
import type { Print } from "./command.ts";

/** A subcommand. */
type Action = (args: readonly string[], print: Print) => Promise<void>;

const SUBCOMMANDS: Readonly<Record<string, () => Promise<Action>>> = {
  get: async () => (await import("./model-get.ts")).getModelCommand,
  show: async () => (await import("./model-show.ts")).showModelCommand,
};

/**
 * Runs a subcommand.
 *
 * @throws UserError `command.unknown` naming the nearest subcommand
 */
export async function modelCommand(args: readonly string[], print: Print = console.log): Promise<void> {
  const [word = "", ...rest] = args;
  const load = Object.hasOwn(SUBCOMMANDS, word) ? SUBCOMMANDS[word] : undefined;
  if (load !== undefined) return await (await load())(rest, print);
  if (word !== "" && !word.startsWith("-")) throw unknownCommand(`model ${word}`, names());
  const command = new Command("model")
    .description(`Models from elsewhere. ${names().join(" or ")} --help describes a subcommand.`)
    .argument("[subcommand]", Object.keys(SUBCOMMANDS).join(" or "));
  const parsed = parseWithCommander(command, args.length === 0 ? ["--help"] : args);
  if (parsed.kind === "help") print(parsed.text.trimEnd());
}

const names = () => Object.keys(SUBCOMMANDS).map((name) => `model ${name}`);
