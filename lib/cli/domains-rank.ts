// `deno task domains rank`: which domains deserve an expert. It starts the experiment `rank`, on a discovery if one is named.
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { CONFIG_FILE, loadDescription, tokenizerRemark } from "../domains/mod.ts";
import { openPretrained } from "../pretrained/mod.ts";
import {
  defaultRunsFolder,
  findScript,
  repositoryRoot,
  runInForeground,
  scriptArguments,
  withoutOptions,
} from "../run/mod.ts";
import type { Print } from "./command.ts";
import { seedFolder } from "./encoder.ts";

const SCRIPT = "experiments/rank.ts";

/**
 * Runs the experiment in a process of its own, in the foreground.
 *
 * @returns its exit code
 * @throws UserError `command.conflict` for a discovery and a configuration at once, and as `loadDescription()`,
 *   `modelFolder()` and `openPretrained()` do
 */
export async function rankDomainsCommand(args: readonly string[], print: Print = console.error): Promise<number> {
  const own = await experimentArguments(args, print);
  return await runInForeground(scriptArguments(await findScript(SCRIPT, repositoryRoot), own));
}

/** The experiment's arguments for those of the command. @param print for what a person should know before it runs */
export async function experimentArguments(args: readonly string[], print: Print): Promise<string[]> {
  const rest = withoutOptions(args, { "--with": true, "--model": true });
  const found = optionValue(args, "--with");
  const model = optionValue(args, "--model");
  if (found !== undefined && optionValue(args, "--config") !== undefined) {
    throw new UserError(
      "command.conflict",
      "Cannot use --with and --config together: the folder of --with has a configuration of its own",
      `give one of them; ${join(found, CONFIG_FILE)} can be edited`,
    );
  }
  const clustering = found === undefined ? undefined : await loadDescription(found);
  const seed = model === undefined
    ? undefined
    : await seedFolder(optionValue(args, "--runs") ?? defaultRunsFolder(), model);
  // Here the option can be named; the run opens the model again, by the setting that the option stands for.
  if (seed !== undefined) await openPretrained(seed, "--model", { plan: true });
  const remark = clustering && seed && await tokenizerRemark(clustering, seed);
  if (remark !== undefined) print(remark);
  return [
    ...(found === undefined ? [] : ["--config", join(found, CONFIG_FILE)]),
    ...(seed === undefined ? [] : ["--set", `pretrained.seed=${seed}`]),
    ...rest,
  ];
}

/** The value of the last such option: `--with folder`, `--with=folder`. */
function optionValue(args: readonly string[], option: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (at < 0) return undefined;
  const value = args[at] === option ? args[at + 1] : args[at]!.slice(option.length + 1);
  if (value !== undefined && value !== "" && !value.startsWith("--")) return value;
  throw new UserError(
    "command.missing-argument",
    `Missing the value of ${option}`,
    "domains rank --help shows all options",
  );
}
