// The options that say where cells are built: `--engine`, and `--slurm.<setting> <value>`, which the engine reads.
import { Option } from "commander";
import { UserError } from "../../errors.ts";

/** Where the cells of a run can be built. */
const ENGINES = ["local", "slurm"] as const;
export type EngineName = (typeof ENGINES)[number];

/** A setting of an engine as given: its name, with dots and without the engine's, and its value. */
export type EngineSetting = readonly [name: string, value: string];

const PREFIX = "--slurm.";

/** `--engine` */
export const engineOption = (): Option =>
  new Option("--engine <name>", "where cells are built; --help slurm lists the settings of slurm").choices(ENGINES)
    .default("local");

/** Takes the engine's settings out of the arguments: the engine knows which there are. */
export function takeEngineSettings(
  args: readonly string[],
): { readonly own: readonly string[]; readonly engineSettings: readonly EngineSetting[] } {
  const own: string[] = [];
  const engineSettings: EngineSetting[] = [];
  for (let i = 0; i < args.length; i++) {
    const [option = "", inline] = args[i]!.split(/=(.*)/s);
    if (!option.startsWith(PREFIX)) {
      own.push(args[i]!);
      continue;
    }
    const value = inline ?? args[++i];
    if (value === undefined) {
      throw new UserError("command.option-missing-argument", `Missing the value of ${option}`);
    }
    engineSettings.push([option.slice(PREFIX.length), value]);
  }
  return { own, engineSettings };
}

/** @throws UserError `command.conflict` for settings of another engine */
export function checkEngine(engine: EngineName, settings: readonly EngineSetting[]): void {
  if (engine === "slurm" || settings.length === 0) return;
  throw new UserError(
    "command.conflict",
    `Cannot use ${PREFIX}${settings[0]![0]} without --engine slurm`,
    "add --engine slurm",
  );
}

/** The arguments that say the same to an experiment. */
export function engineArguments(engine: EngineName, settings: readonly EngineSetting[]): string[] {
  checkEngine(engine, settings);
  if (engine === "local") return [];
  return ["--engine", engine, ...settings.map(([name, value]) => `${PREFIX}${name}=${value}`)];
}
