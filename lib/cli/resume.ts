// `deno task resume <run>`: repeats the command of a run so that it continues that run.
import { join, resolve } from "node:path";
import { UserError } from "../errors.ts";
import {
  CAPTURED_FOLDER,
  defaultRunsFolder,
  findScript,
  lockHolder,
  optionValues,
  readProvenance,
  repositoryRoot,
  runInForeground,
  type RunView,
  scriptArguments,
  shellLine,
  withoutOptions,
} from "../run/mod.ts";
import { namedRun, type Print } from "./command.ts";

const HELP = `Usage: resume [run] [options of the experiment]

Resumes a run that was stopped, failed or lost. Finished cells are not repeated; the interrupted one continues from its
last checkpoint. Options are added to those that the run was started with: --set train.seed.steps=800 trains the seed of
a finished run further. Settings that would make it a different run are refused.

Arguments:
  run              id or name of the run, the start of an id, or last (default: last)

Options:
  --runs <folder>  folder of the runs (default: "${defaultRunsFolder()}")
  -h, --help       display help for command`;

/** Options of a run's first command that resuming it leaves out, and whether each takes a value. */
const DROPPED: Readonly<Record<string, boolean>> = {
  "--attach": false,
  "--seed": true,
  "--seeds": true,
  "--id": true,
  "--runs": true,
  "--fresh": false,
};

/**
 * Resumes a run in a process of its own, in the foreground.
 *
 * @returns its exit code
 * @throws UserError `run.none`, `run.locked` when it is running, `resume.command` when it was started in another way,
 *   `run.script` when its script is gone
 */
export async function resumeCommand(args: readonly string[], print: Print = console.log): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    print(HELP);
    return 0;
  }
  const given = takeOption(args, "--runs");
  const runs = given.value ?? defaultRunsFolder();
  const named = given.rest[0] !== undefined && !given.rest[0].startsWith("-");
  const view = await namedRun(runs, named ? given.rest[0]! : "last");
  return await continueRun(view, runs, named ? given.rest.slice(1) : given.rest);
}

/**
 * Gives the command of a run again, so that it continues that run, in a process in the foreground.
 *
 * @param more arguments that are added
 * @returns its exit code
 * @throws UserError as {@linkcode resumeCommand} does
 */
export async function continueRun(view: RunView, runs: string, more: readonly string[]): Promise<number> {
  const { id } = view;
  if (view.status === "damaged") {
    throw new UserError(
      "run.damaged",
      `Cannot resume ${id}, because its settings are unknown. ${view.error}`,
      "give its experiment's command again, which starts a new run; cells that are finished come from the cache",
    );
  }
  const holder = lockHolder(join(runs, id));
  if (holder !== undefined) {
    throw new UserError(
      "run.locked",
      `Cannot resume ${id}: process ${holder.pid} is writing it`,
      `stop it with deno task stop ${id} first`,
    );
  }
  return await giveCommandAgain(view, runs, more);
}

/** Gives the command of a run again, for that run, in a process in the foreground, and returns its exit code. */
export async function giveCommandAgain(view: RunView, runs: string, more: readonly string[]): Promise<number> {
  const { script, args } = resumeArguments(view, runs, more, await keptConfig(join(runs, view.id)));
  return await runInForeground(scriptArguments(await findScript(script, repositoryRoot), args));
}

/** The run's copy of its `--config` file; undefined when it has none, as runs of older versions. */
async function keptConfig(folder: string): Promise<string | undefined> {
  const copy = (await readProvenance(folder)).findLast(({ configCopy }) => configCopy)?.configCopy;
  return copy ? resolve(folder, CAPTURED_FOLDER, copy) : undefined;
}

/**
 * The script that a run was started with, relative to the repository, and the arguments that resume the run: its own
 * options, with `more` added.
 *
 * @param config the run's copy of its `--config` file, used in place of the original
 * @throws UserError `resume.command` when no command of this repository started the run
 */
export function resumeArguments(
  { id, seed, command }: Pick<RunView, "id" | "seed" | "command">,
  runsFolder: string,
  more: readonly string[],
  config?: string,
): { readonly script: string; readonly args: readonly string[] } {
  const [deno, task, name, ...rest] = command;
  if (deno !== "deno" || task !== "task" || name === undefined) {
    throw new UserError(
      "resume.command",
      `Cannot tell which script started ${id}: ${shellLine(command)}`,
      "start it again with the same command",
    );
  }
  const [script = "", ...all] = name === "run" ? rest : [`experiments/${name}.ts`, ...rest];
  const options = withoutOptions(all, DROPPED);
  const kept: string[] = [];
  const settingOf = (assignment: string) => assignment.split("=")[0]!.trim();
  const set = new Set(optionValues(more, "--set").map(settingOf));
  for (let i = 0; i < options.length; i++) {
    const [option = "", inline] = options[i]!.split(/=(.*)/s);
    if (option === "--config" && config !== undefined) {
      kept.push(option, config);
      if (inline === undefined) i++;
    } else if (option === "--set" && set.has(settingOf(inline ?? options[i + 1] ?? ""))) {
      if (inline === undefined) i++;
    } else kept.push(options[i]!);
  }
  return { script, args: [...kept, "--runs", resolve(runsFolder), "--seed", String(seed), ...more, "--id", id] };
}

function takeOption(args: readonly string[], option: string) {
  const at = args.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (at < 0) return { value: undefined, rest: args };
  const inline = args[at]!.includes("=");
  const value = inline ? args[at]!.slice(option.length + 1) : args[at + 1];
  if (value === undefined) throw new UserError("command.option-missing-argument", `${option} needs a folder`);
  return { value, rest: [...args.slice(0, at), ...args.slice(at + (inline ? 1 : 2))] };
}
