// The command line of an experiment: from arguments and a zod schema to one invocation, or to the help text.
import { Command, Option } from "commander";
import type { z } from "zod";
import { type DeviceName, DEVICES, MOST_THREADS } from "../../device-names.ts";
import { didYouMean, UserError } from "../../errors.ts";
import type { SettingSource } from "../events/provenance.ts";
import { buildConfig, configOrigins } from "../config/config.ts";
import { readConfigFile } from "../config/config-file.ts";
import { checkName } from "../catalog/labels.ts";
import { parseWithCommander, readInteger } from "./commander.ts";
import type { MayChange } from "../cells/continuation.ts";
import { checkRuns, type EngineName, engineOption, type EngineSetting, takeEngineSettings } from "./engine-settings.ts";
import { isRunId, makeRunId } from "../files/run-id.ts";
import { defaultRunsFolder } from "../files/runs-folder.ts";
import { LARGEST_SEED, readSeeds } from "../config/seeds.ts";
import { settingsHelp, settingsOverview } from "../config/settings-help.ts";
import { declareShorthands, type Shorthand, shorthandSets } from "./shorthands.ts";
import { WEBHOOK_VARIABLE, webhookUrl, withoutWebhook } from "../alerts/webhook.ts";

/** A machine has no use for more processes than this. */
const MOST_PARALLEL = 64;

export interface Preset<Schema extends z.ZodType> {
  /** One line for `--help`. */
  readonly description: string;
  /** What differs from the schema's defaults, to any depth. */
  readonly config: DeepPartial<z.input<Schema>>;
  /** Why the preset needs `--force`: a clause that follows "Cannot run the preset x: ". `--dry-run` is always allowed. */
  readonly needsForce?: string;
}

type DeepPartial<T> = T extends readonly unknown[] ? T
  : T extends object ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
  : T;

/** What defines the command line of an experiment. */
export interface ExperimentDefinition<Schema extends z.ZodType> {
  /** `bts` */
  readonly name: string;
  readonly title: string;
  /** A sentence or a paragraph for `--help`. */
  readonly description: string;
  readonly schema: Schema;
  /** Arguments and options that stand for settings. @default none */
  readonly shorthands?: readonly Shorthand[];
  /** Which settings may change when a run is resumed, by key path with `*` for any part. @default none */
  readonly mayChange?: MayChange;
  readonly presets: Readonly<Record<string, Preset<Schema>>>;
  readonly defaultPreset: string;
}

/** A run, or one run per seed, as the command line describes it. */
export interface RunInvocation<Config> {
  readonly kind: "run";
  readonly config: Config;
  /** Which source gave each setting that is not the schema's default, by key path. */
  readonly origins: Readonly<Record<string, SettingSource>>;
  /** Path of the `--config` file. */
  readonly configFile: string | undefined;
  readonly preset: string;
  /** One run each. */
  readonly seeds: readonly number[];
  readonly device: DeviceName;
  /** Undefined: the device's default. */
  readonly threads: number | undefined;
  readonly runsFolder: string;
  /** The last line of stdout is one JSON object. */
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  /** Whether to start a new run even if there is an unfinished one to resume. */
  readonly fresh: boolean;
  /** Title of the run; undefined: the experiment's. */
  readonly name: string | undefined;
  /** The run's id, chosen by the program that starts it; undefined: a new one. */
  readonly id: string | undefined;
  readonly serve: boolean;
  /** Undefined: the default port, or another when that is taken. */
  readonly port: number | undefined;
  /** Independent cells at once, each in a process of its own; 1: all in this process. */
  readonly parallel: number;
  /** Where cells are built. */
  readonly engine: EngineName;
  /** Settings of the engine, such as `--slurm.<name> <value>`, in order, without `slurm.`. */
  readonly engineSettings: readonly EngineSetting[];
  /** Whether to follow jobs of the run that were handed in before, and hand in none. */
  readonly attach: boolean;
  /** The one cell to build, of the run `id`; undefined: the whole run. */
  readonly cell: string | undefined;
  /** The file that gets what this machine would build cells with; undefined: nobody asks. */
  readonly probe: string | undefined;
  /** Whether nobody may read the run's page without its link. */
  readonly isPrivate: boolean;
  /** Where alerts are posted. */
  readonly webhook: URL | undefined;
  /** The experiment's name and its arguments, for repeating the run; without the webhook, which may contain a secret. */
  readonly command: readonly string[];
}

export type Invocation<Config> = RunInvocation<Config> | { readonly kind: "help"; readonly text: string };

/**
 * Parses an experiment's arguments. Prints and writes nothing; reads only the `--config` file.
 *
 * @throws UserError for anything malformed, with what was expected and the nearest that exists
 */
export function parseExperimentArguments<Schema extends z.ZodType>(
  args: readonly string[],
  definition: ExperimentDefinition<Schema>,
  readFile: (path: string) => Uint8Array = Deno.readFileSync,
  variable: (name: string) => string | undefined = Deno.env.get,
): Invocation<z.output<Schema>> {
  const command = experimentCommand(definition);
  const { own, engineSettings } = takeEngineSettings(args);
  const parsed = parseWithCommander(command, own);
  if (parsed.kind === "help") return parsed;
  const given = parsed.options as unknown as Options;
  if (given.help !== undefined) return { kind: "help", text: helpText(definition, command, given.help) };
  const preset = presetOf(given, definition);
  const file = given.config === undefined ? undefined : readConfigFile(given.config, readFile);
  const set = given.set ?? [];
  const short = shorthandSets(definition.shorthands ?? [], parsed, set);
  const layers = {
    preset: { name: given.preset, value: preset.config as Record<string, unknown> },
    file,
    sets: [...short.sets, ...set],
    setBy: short.names,
  };
  const config = buildConfig(definition.schema, layers);
  return {
    kind: "run",
    config,
    origins: configOrigins(definition.schema, layers),
    configFile: given.config,
    preset: given.preset,
    seeds: seedsOf(given),
    device: given.device,
    threads: given.threads === undefined ? undefined : readInteger("--threads", given.threads, 1, MOST_THREADS),
    runsFolder: given.runs,
    json: given.json ?? false,
    dryRun: given.dryRun ?? false,
    force: given.force ?? false,
    fresh: given.fresh ?? false,
    name: nameOf(given),
    id: idOf(given),
    serve: given.serve,
    port: given.port === undefined ? undefined : readInteger("--port", given.port, 0, 65_535),
    parallel: given.parallel === undefined ? 1 : readInteger("--parallel", given.parallel, 1, MOST_PARALLEL),
    engine: engineOf(given),
    engineSettings,
    attach: given.attach ?? false,
    cell: cellOf(given),
    probe: given.probe,
    isPrivate: given.private ?? false,
    webhook: webhookOf(given, variable),
    command: [definition.name, ...withoutWebhook(args)],
  };
}

interface Options {
  readonly help?: string | true;
  readonly preset: string;
  readonly set?: readonly string[];
  readonly config?: string;
  readonly seed?: string;
  readonly seeds?: string;
  readonly device: DeviceName;
  readonly threads?: string;
  readonly runs: string;
  readonly json?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly fresh?: true;
  readonly name?: string;
  readonly id?: string;
  readonly serve: boolean;
  readonly port?: string;
  readonly private?: true;
  readonly parallel?: string;
  readonly engine: EngineName;
  readonly attach?: true;
  readonly cell?: string;
  readonly probe?: string;
  readonly webhook?: string;
}

/** The experiment's commander command. `--help` is an option like the others, because it takes a section. */
function experimentCommand<Schema extends z.ZodType>(definition: ExperimentDefinition<Schema>): Command {
  const collect = (value: string, before: string[] = []) => [...before, value];
  const command = new Command(definition.name).description(`${definition.title}\n\n${definition.description}`);
  declareShorthands(command, definition.shorthands ?? []);
  return command
    .option("--preset <name>", "one of the presets below", definition.defaultPreset)
    .option("--set <key=value>", "change one setting; may be repeated", collect)
    .option("--config <file>", "settings from a .json or .yaml file; --set overrides it")
    .option("--seed <number>", "random seed (default: 1)")
    .option("--seeds <list>", "several seeds, one run each: 1,2,3 or 1-3")
    .addOption(new Option("--device <name>", "where to compute").choices(DEVICES).default("auto"))
    .option("--threads <number>", "threads of the cpu device (default: STITCHBOOK_THREADS, else one per core)")
    .addOption(engineOption())
    .option(
      "--parallel <number>",
      "independent cells at once, each in its own process; they share the threads (default: 1)",
    )
    .addOption(new Option("--attach", "follow the jobs of the run --id").hideHelp())
    .addOption(new Option("--cell <name>", "build only this cell of the run --id").hideHelp())
    .addOption(new Option("--probe <file>", "say in a file what this machine would build cells with").hideHelp())
    .option("--runs <folder>", "folder of the runs", defaultRunsFolder())
    .option("--json", "print the result as one line of JSON, the last of stdout")
    .option("--dry-run", "print the plan and its cost, and write nothing")
    .option("--force", "run even what is refused for its size or duration")
    .option("--fresh", "start a new run instead of resuming an unfinished one")
    .option("--name <text>", "title of the run")
    .option("--id <id>", "id of the run (default: a new one)")
    .option("--no-serve", "do not serve the run's page")
    .option("--port <number>", "port of the run's page")
    .option("--private", "let nobody read the run's page without the link that is printed")
    .option("--webhook <url>", `where to post alerts (default: $${WEBHOOK_VARIABLE})`)
    .helpOption(false)
    .option("-h, --help [section]", "this text, or the settings of a section");
}

function helpText<Schema extends z.ZodType>(
  { schema, presets }: ExperimentDefinition<Schema>,
  command: Command,
  section: string | true,
): string {
  if (section !== true) return settingsHelp(schema, section);
  const names = Object.keys(presets);
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => `  ${name.padEnd(width)}  ${presets[name]!.description}`);
  return `${command.helpInformation()}\nPresets:\n${lines.join("\n")}\n\n${settingsOverview(schema)}`;
}

/** @throws UserError `command.unknown-preset` with the nearest name */
export function presetNamed<Schema extends z.ZodType>(
  { presets }: ExperimentDefinition<Schema>,
  name: string,
): Preset<Schema> {
  const names = Object.keys(presets);
  if (names.includes(name)) return presets[name]!;
  throw new UserError(
    "command.unknown-preset",
    `Unknown preset "${name}": expected one of ${names.join(", ")}`,
    didYouMean(name, names, "--preset "),
  );
}

function presetOf<Schema extends z.ZodType>(given: Options, definition: ExperimentDefinition<Schema>): Preset<Schema> {
  const preset = presetNamed(definition, given.preset);
  if (preset.needsForce !== undefined && !given.force && !given.dryRun) {
    throw new UserError(
      "command.needs-force",
      `Cannot run the preset ${given.preset}: ${preset.needsForce}`,
      "add --dry-run to see the plan, or --force to run it anyway",
    );
  }
  return preset;
}

/** The webhook of the option or else of the environment; an empty text stands for none. */
function webhookOf({ webhook }: Options, variable: (name: string) => string | undefined): URL | undefined {
  if (webhook !== undefined) return webhook === "" ? undefined : webhookUrl(webhook, "--webhook");
  const value = variable(WEBHOOK_VARIABLE) ?? "";
  return value === "" ? undefined : webhookUrl(value, `the variable ${WEBHOOK_VARIABLE}`);
}

/** The name of `--name`, checked as `rename` does; a program that gives an id, such as `resume`, repeats what it was given. */
function nameOf({ name, id }: Options): string | undefined {
  if (name !== undefined && id === undefined) checkName(name);
  return name;
}

function idOf({ id, seeds }: Options): string | undefined {
  if (id === undefined) return undefined;
  if (!isRunId(id)) {
    throw new UserError(
      "command.malformed",
      `Cannot use --id ${id}: a run's id looks like ${makeRunId("bts", "quick")}`,
    );
  }
  if (seeds !== undefined) throw new UserError("command.conflict", "Cannot use --id with --seeds: each seed is a run");
  return id;
}

/** @throws UserError `command.conflict` for options of another engine, `engine.files` as `checkRuns()` does */
function engineOf({ engine, parallel, dryRun }: Options): EngineName {
  if (!dryRun) checkRuns(engine);
  if (engine !== "local" && parallel !== undefined) {
    const name = { slurm: "Slurm", kubernetes: "Kubernetes", skypilot: "SkyPilot" }[engine];
    throw new UserError(
      "command.conflict",
      `Cannot use --parallel with --engine ${engine}: ${name} decides what runs at once`,
    );
  }
  return engine;
}

/** The one cell to build: `deno task cell` and engines give it, with the run's id. */
function cellOf({ cell, id }: Options): string | undefined {
  if (cell !== undefined && id === undefined) {
    throw new UserError("command.conflict", "Cannot use --cell without --id", "deno task cell <run> <cell> gives both");
  }
  return cell;
}

function seedsOf(given: Options): number[] {
  if (given.seed !== undefined && given.seeds !== undefined) {
    throw new UserError("command.conflict", "Cannot use --seed and --seeds together", "give one of them");
  }
  if (given.seeds === undefined) return [readInteger("--seed", given.seed ?? "1", 0, LARGEST_SEED)];
  return readSeeds(given.seeds);
}
