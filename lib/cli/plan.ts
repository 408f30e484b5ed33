// `deno task plan`: time, cost and memory of a preset on a cluster.
import { Command, Option } from "commander";
import { UserError } from "../errors.ts";
import { baselineDefaults, methodCosts } from "../baselines/mod.ts";
import { WEIGHT_METHODS } from "../merge/mod.ts";
import type { ModelConfig } from "../model/mod.ts";
import { methodCostTable } from "../report/mod.ts";
import {
  buildConfig,
  checkEngine,
  configOrigins,
  type EngineName,
  formatTable,
  jsonLine,
  parseWithCommander,
  presetNamed,
  readInteger,
  takeEngineSettings,
} from "../run/mod.ts";
import { type BtsConfig, btsConfigSchema, btsDefinition, checkBts, completeFromCheckpoints } from "../bts/mod.ts";
import {
  type Cluster,
  gpuNamed,
  GPUS,
  jobsOf,
  planText,
  type Schedule,
  schedule,
  type Sharding,
  SHARDINGS,
} from "../cluster/mod.ts";
import { type SlurmCommands, slurmCommands } from "../engine/mod.ts";
import { collect, type Print } from "./command.ts";
import { slurmPlace } from "./plan-slurm.ts";

/** Prints the plan that the arguments ask for. */
export async function planCommand(
  args: readonly string[],
  print: Print = console.log,
  slurm: SlurmCommands = slurmCommands,
): Promise<void> {
  const { own, engineSettings } = takeEngineSettings(args);
  const parsed = parseWithCommander(planArguments(), own);
  if (parsed.kind === "help") return print(parsed.text.trimEnd());
  const options = parsed.options as unknown as Options;
  checkEngine(options.engine, engineSettings);
  const place = options.engine === "slurm" ? await slurmPlace(slurm, engineSettings, options.gpu) : undefined;
  const { gpu = place?.gpu ?? "h100", count = String(place?.count ?? 8) } = options;
  const given = { ...options, gpu, count };
  const config = await configOf(given);
  const cluster = clusterOf(given);
  const jobs = jobsOf(config);
  const plan = schedule(given.seed ? jobs : { ...jobs, seed: undefined }, cluster);
  const model = modelOf(config);
  const methods = methodCosts({
    model,
    settings: baselineDefaults({ ...config, domains: Object.keys(config.data.domains) }),
  });
  if (given.json) return print(jsonLine({ ...asJson(given, cluster, plan), methods }));
  // All merges of weights cost what the soup costs.
  const merges = new Set(WEIGHT_METHODS.map(({ name }) => name.replaceAll("_", "-")));
  const shown = methods.filter(({ method }) => !merges.has(method));
  print(`Preset ${given.preset} on ${planText(plan, cluster)}\n\n${formatTable(methodCostTable(shown))}`);
  print("Merges of weights, such as task arithmetic, TIES and SLERP, cost what the soup does.\n");
  for (const text of place?.remarks(plan) ?? []) print(`${text}\n`);
  print("The formulas and what they leave out: docs/planning.md");
}

interface Options {
  readonly preset: string;
  readonly set: readonly string[];
  readonly engine: EngineName;
  readonly gpu?: string;
  readonly count?: string;
  readonly mfu: string;
  readonly price?: string;
  readonly seed: boolean;
  readonly sharding: Sharding | "auto";
  readonly json?: true;
}

function planArguments(): Command {
  return new Command("plan")
    .description(
      "Estimates how long a preset trains on a cluster, what it costs, and how much memory each device needs.",
    )
    .option("--preset <name>", `one of ${Object.keys(btsDefinition.presets).join(", ")}`, "paper")
    .option("--set <key=value>", "change one setting; deno task bts --help all lists them", collect, [])
    .option("--gpu <name>", `one of ${GPUS.map(({ name }) => name).join(", ")} (default: h100)`)
    .option("--count <number>", "number of GPUs (default: 8)")
    .addOption(
      new Option("--engine <name>", "slurm: the GPUs of the cluster, or of --slurm.partition <name>, as sinfo says")
        .choices(["local", "slurm"]).default("local"),
    )
    .option("--mfu <share>", "model FLOP/s utilization: share of the peak speed that training reaches", "0.4")
    .option("--price <amount>", "price of one GPU per hour, for the total cost")
    .option("--no-seed", "leave out the seed model: it is already trained")
    .addOption(
      new Option("--sharding <how>", "what a job's devices divide among them; auto: as little as fits")
        .choices(["auto", ...SHARDINGS]).default("auto"),
    )
    .option("--json", "write one JSON object");
}

async function configOf({ preset, set }: Options): Promise<BtsConfig> {
  const value = presetNamed(btsDefinition, preset).config as Record<string, unknown>;
  const sources = { preset: { name: preset, value }, sets: set };
  const given = buildConfig(btsConfigSchema, sources);
  const config = {
    ...given,
    ...await completeFromCheckpoints(given, configOrigins(btsConfigSchema, sources), { plan: true }),
  };
  checkBts(config);
  return config;
}

const modelOf = ({ model, tokenizer }: BtsConfig): ModelConfig => ({ ...model, vocabSize: tokenizer.vocabSize });

function clusterOf({ gpu, count, mfu, price, sharding }: Options & { gpu: string; count: string }): Cluster {
  return {
    gpu: gpuNamed(gpu),
    count: readInteger("--count", count, 1, 1_000_000),
    mfu: readAmount("--mfu", mfu, "a share above 0 and up to 1", (value) => value > 0 && value <= 1),
    price: price === undefined ? undefined : readAmount("--price", price, "a number from 0", (value) => value >= 0),
    sharding: sharding === "auto" ? undefined : sharding,
  };
}

function readAmount(option: string, text: string, wanted: string, good: (value: number) => boolean): number {
  const value = /^\d*\.?\d+(e-?\d+)?$/i.test(text) ? Number(text) : NaN;
  if (Number.isFinite(value) && good(value)) return value;
  throw new UserError("command.malformed", `Cannot read ${option} ${text}: expected ${wanted}`);
}

function asJson({ preset }: Options, { gpu, count, mfu, price }: Cluster, plan: Schedule) {
  const jobs = plan.jobs.map((
    { job, first, devices, available, start, seconds, tokens, flops, deviceHours, memory, fits },
  ) => ({
    job: job.name,
    title: job.title,
    steps: job.steps,
    tokens,
    flops,
    devices: { first, count: devices, available },
    start,
    seconds,
    deviceHours,
    cost: price === undefined ? null : price * deviceHours,
    memory,
    fits,
  }));
  const { seconds, deviceHours, reservedHours, cost } = plan;
  const total = { seconds, deviceHours, reservedHours, cost: cost ?? null };
  return { preset, gpu, count, mfu, price: price ?? null, jobs, total };
}
