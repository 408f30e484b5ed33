// `deno task resume <run>`: starts the command of a run again, so that it goes on with that run.
import { isAbsolute, join, resolve } from "node:path";
import { UserError } from "../errors.ts";
import {
  defaultRunsFolder,
  heedsHangUp,
  lockHolder,
  readRun,
  repositoryRoot,
  resolveRun,
  type RunView,
  shellLine,
} from "../run/mod.ts";

const HELP = `Usage: resume [run] [options of the experiment]

Goes on with a run that was stopped, failed or lost. Finished cells are not done again; the one that was interrupted goes
on from its last checkpoint. Options are added to those that the run was started with: --set train.seed.steps=800 trains a
finished run's seed further. Settings that would make it another run are refused.

Arguments:
  run              id or name of the run, the start of an id, or last (default: last)

Options:
  --runs <folder>  where runs live (default: "${defaultRunsFolder()}")
  -h, --help       display help for command`;

/** Options of a run's first command that are not part of going on with it, and whether each takes a value. */
const DROPPED: Readonly<Record<string, boolean>> = {
  "--seed": true,
  "--seeds": true,
  "--id": true,
  "--runs": true,
  "--fresh": false,
};

/**
 * Goes on with a run in a process of its own, whose output is this one's.
 *
 * @returns its exit code
 * @throws UserError `run.none`, `run.locked` when it is running, `resume.command` when it was started in another way
 */
export async function resumeCommand(
  args: readonly string[],
  print: (text: string) => void = console.log,
): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    print(HELP);
    return 0;
  }
  const given = takeOption(args, "--runs");
  const runs = given.value ?? defaultRunsFolder();
  const named = given.rest[0] !== undefined && !given.rest[0].startsWith("-");
  const id = await resolveRun(runs, named ? given.rest[0]! : "last");
  const view = await readRun(runs, id);
  if (view === undefined) throw new UserError("run.none", `The run ${id} is gone from ${runs}`);
  const holder = lockHolder(join(runs, id));
  if (holder !== undefined) {
    throw new UserError(
      "run.locked",
      `Cannot go on with ${id}: process ${holder.pid} is writing it`,
      `end it with deno task stop ${id} first`,
    );
  }
  const child = new Deno.Command(Deno.execPath(), {
    args: resumeArguments(view, runs, named ? given.rest.slice(1) : given.rest),
  }).spawn();
  // Ctrl-C reaches both processes; this one waits for the other's end.
  const pass = (signal: Deno.Signal) => () => {
    try {
      if (signal !== "SIGINT") child.kill(signal);
    } catch {
      // It has ended.
    }
  };
  const signals: Deno.Signal[] = heedsHangUp() ? ["SIGINT", "SIGTERM", "SIGHUP"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, pass(signal));
  return (await child.status).code;
}

/**
 * The arguments of `deno` that go on with a run: its own script and options, with `more` added.
 *
 * @throws UserError `resume.command` when the run's command is not one of a script of this repository
 */
export function resumeArguments(
  { id, seed, command }: Pick<RunView, "id" | "seed" | "command">,
  runsFolder: string,
  more: readonly string[],
): string[] {
  const [deno, task, name, ...rest] = command;
  if (deno !== "deno" || task !== "task" || name === undefined) {
    throw new UserError(
      "resume.command",
      `Cannot tell how ${id} was started: ${shellLine(command)}`,
      "start it again",
    );
  }
  const [script, ...options] = name === "run" ? rest : [join("experiments", `${name}.ts`), ...rest];
  const kept: string[] = [];
  const set = new Set(settingsOf(more));
  for (let i = 0; i < options.length; i++) {
    const [option = "", inline] = options[i]!.split(/=(.*)/s);
    const takesValue = DROPPED[option];
    if (takesValue !== undefined) {
      if (takesValue && inline === undefined) i++;
    } else if (option === "--set" && set.has(settingOf(inline ?? options[i + 1] ?? ""))) {
      if (inline === undefined) i++;
    } else kept.push(options[i]!);
  }
  const path = isAbsolute(script!) ? script! : join(repositoryRoot, script!);
  return ["run", "-A", path, ...kept, "--runs", resolve(runsFolder), "--seed", String(seed), ...more, "--id", id];
}

/** The keys that `--set` options name. */
function settingsOf(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    if (arg.startsWith("--set=")) return [settingOf(arg.slice(6))];
    return arg === "--set" && args[i + 1] !== undefined ? [settingOf(args[i + 1]!)] : [];
  });
}

function settingOf(assignment: string): string {
  return assignment.split("=")[0]!.trim();
}

function takeOption(args: readonly string[], option: string) {
  const at = args.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  if (at < 0) return { value: undefined, rest: args };
  const inline = args[at]!.includes("=");
  const value = inline ? args[at]!.slice(option.length + 1) : args[at + 1];
  if (value === undefined) throw new UserError("command.option-missing-argument", `${option} needs a folder`);
  return { value, rest: [...args.slice(0, at), ...args.slice(at + (inline ? 1 : 2))] };
}
