// The options that say where cells are built: `--engine`, and `--<engine>.<setting> <value>`, which the engine reads.
import { Option } from "commander";
import { UserError } from "../../errors.ts";

/** Where the cells of a run can be built. */
const ENGINES = ["local", "slurm", "kubernetes", "skypilot"] as const;
export type EngineName = (typeof ENGINES)[number];

/** Engines for which files are written that others run. */
const WRITTEN: readonly EngineName[] = ["kubernetes", "skypilot"];

/** A setting of an engine as given: its name, with dots and without the engine's, and its value. */
export type EngineSetting = readonly [name: string, value: string];

const SETTING = /^--(slurm|kubernetes|skypilot)\./;

/** `--engine` */
export const engineOption = (): Option =>
  new Option(
    "--engine <name>",
    "where cells are built; kubernetes and skypilot only with --dry-run, which writes files; --help <engine> lists settings",
  ).choices(ENGINES).default("local");

/**
 * Takes the engine's settings out of the arguments: the engine knows which there are.
 *
 * @throws UserError `command.option-missing-argument`, and `command.conflict` for settings of another engine
 */
export function takeEngineSettings(
  args: readonly string[],
): { readonly own: readonly string[]; readonly engineSettings: readonly EngineSetting[] } {
  const own: string[] = [];
  const engineSettings: EngineSetting[] = [];
  const chosen = args.flatMap((arg, i) => arg === "--engine" ? [args[i + 1]] : /^--engine=(.*)$/.exec(arg)?.[1] ?? []);
  for (let i = 0; i < args.length; i++) {
    const [option = "", inline] = args[i]!.split(/=(.*)/s);
    const engine = SETTING.exec(option)?.[1];
    if (engine === undefined) {
      own.push(args[i]!);
      continue;
    }
    if (engine !== chosen.at(-1)) throw otherEngine(option, engine);
    const value = inline ?? args[++i];
    if (value === undefined) {
      throw new UserError("command.option-missing-argument", `Missing the value of ${option}`);
    }
    engineSettings.push([option.replace(SETTING, ""), value]);
  }
  return { own, engineSettings };
}

/** @throws UserError `command.conflict` for settings without an engine */
export function checkEngine(engine: EngineName, settings: readonly EngineSetting[]): void {
  if (engine === "local" && settings.length > 0) throw otherEngine(`--slurm.${settings[0]![0]}`, "slurm");
}

function otherEngine(option: string, engine: string): UserError {
  return new UserError("command.conflict", `Cannot use ${option} without --engine ${engine}`, `add --engine ${engine}`);
}

/**
 * Refuses to build cells with an engine for which only files are written.
 *
 * @throws UserError `engine.files`
 */
export function checkRuns(engine: EngineName): void {
  if (!WRITTEN.includes(engine)) return;
  throw new UserError(
    "engine.files",
    `Cannot run anything with --engine ${engine}: Stitchbook writes the files for it, and does not hand them in`,
    "add --dry-run to the command of a single run, which writes them; --engine slurm hands in jobs",
  );
}

/** The arguments that say the same to an experiment. @throws UserError as {@linkcode checkRuns} does */
export function engineArguments(engine: EngineName, settings: readonly EngineSetting[]): string[] {
  checkEngine(engine, settings);
  checkRuns(engine);
  if (engine === "local") return [];
  return ["--engine", engine, ...settings.map(([name, value]) => `--${engine}.${name}=${value}`)];
}
