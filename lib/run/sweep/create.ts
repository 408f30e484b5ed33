// From the options of a new sweep to its folder: parsed, planned, checked by the experiment, and only then written.
import { extname, join, resolve } from "node:path";
import { systemReason, UserError } from "../../errors.ts";
import { checkName } from "../catalog/labels.ts";
import { engineArguments, type EngineName, type EngineSetting } from "../command-line/engine-settings.ts";
import { makeRunId } from "../files/run-id.ts";
import { findScript, pathInRepository } from "../process/script.ts";
import { askExperiment, type CheckReply } from "./check.ts";
import { checkDeclared, declaredHigher } from "./declared.ts";
import { trialSettings } from "./execute.ts";
import { createSweepLog, type SweepEventBody, SWEEPS_FOLDER } from "./log.ts";
import { countTrials, type PlannedTrial, planTrials } from "./plan.ts";
import { readSpace, type SpaceOptions, type SweepSpace } from "./spec.ts";
import { trialText } from "./table.ts";
import { readMetric } from "./view.ts";

/** More trials than this need `--force`. */
const MOST_TRIALS = 2_000;

export interface NewSweep extends SpaceOptions {
  readonly preset?: string;
  readonly set?: readonly string[];
  readonly config?: string;
  readonly device?: string;
  readonly threads?: string;
  /** Where the cells of the trials are built. @default "local" */
  readonly engine?: EngineName;
  readonly engineSettings?: readonly EngineSetting[];
  readonly metric: string;
  readonly name?: string;
  readonly force?: true;
}

/** A sweep that is checked but not yet written. */
export type SweepPlan = Omit<SweepEventBody & { kind: "sweep.start" }, "sweep">;

/**
 * Plans a sweep and has the experiment check every trial. Writes nothing.
 *
 * @param script the experiment's script, as {@linkcode findScript} takes it
 * @throws UserError as {@linkcode readSpace} does, `sweep.too-many`, `sweep.same-trial`, `sweep.name`,
 *   `sweep.experiment`, `sweep.metric`, and the experiment's own errors for a trial
 */
export async function planSweep(script: string, options: NewSweep, command: readonly string[]): Promise<SweepPlan> {
  const { metric, name } = options;
  const read = readMetric(metric);
  if (name !== undefined) checkName(name, "sweep", "sweep.name");
  const space = readSpace(options);
  const count = countTrials(space);
  if (count > MOST_TRIALS && !options.force) {
    throw new UserError(
      "sweep.too-many",
      `This sweep has ${count} trials, more than ${MOST_TRIALS}`,
      "vary less, draw points with --random, or add --force to start it anyway",
    );
  }
  const path = await findScript(script, Deno.cwd(), "sweep.experiment");
  const trials = planTrials(space);
  const shared = sharedArguments(options);
  const reply = await ask(path, space, options, shared, trials);
  if (reply.metrics !== undefined) checkDeclared(read, reply.metrics, reply.experiment);
  const random = space.draws === undefined ? null : {
    draws: space.draws,
    seed: space.randomSeed,
    ranges: [...space.ranges],
  };
  return {
    kind: "sweep.start",
    schemaVersion: 1,
    name: name ?? reply.title,
    experiment: reply.experiment,
    script: pathInRepository(path),
    shared,
    configFile: options.config === undefined ? null : `config${extname(options.config).toLowerCase()}`,
    metric,
    ...(reply.metrics === undefined ? {} : { higher: declaredHigher(reply.metrics) }),
    keys: [...space.grid, ...space.ranges].map(({ key }) => key),
    random,
    trials,
    command: [...command],
  };
}

/** Creates the sweep's folder and returns its id. */
export async function createSweep(runsFolder: string, plan: SweepPlan, config: string | undefined): Promise<string> {
  try {
    await Deno.mkdir(join(runsFolder, SWEEPS_FOLDER), { recursive: true });
    const id = makeRunId(plan.experiment, "sweep");
    const folder = join(runsFolder, SWEEPS_FOLDER, id);
    await Deno.mkdir(folder);
    if (plan.configFile !== null) await Deno.copyFile(config!, join(folder, plan.configFile));
    await createSweepLog(folder, { ...plan, sweep: id });
    return id;
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError(
      "run.folder",
      `Cannot create a sweep's folder in ${runsFolder}: ${reason}`,
      "choose a writable folder with --runs <folder>",
    );
  }
}

async function ask(
  path: string,
  { grid, ranges }: SweepSpace,
  options: NewSweep,
  shared: readonly string[],
  trials: readonly PlannedTrial[],
): Promise<Exclude<CheckReply, { code: string }>> {
  const config = options.config === undefined ? [] : ["--config", resolve(options.config)];
  const reply = await askExperiment(path, {
    values: grid.flatMap(({ key, values }) => values.map((value) => ({ option: "--grid", key, value })))
      // Drawn numbers are checked in the trials; here only their keys, with one of the values.
      .concat(ranges.map(({ key }) => ({ option: "--range", key, value: trials[0]!.settings[key]! }))),
    trials: trials.map((trial) => [...trialSettings(shared, trial), ...config]),
  });
  if ("code" in reply) {
    const where = reply.trial === undefined ? "" : ` (trial ${reply.trial + 1}: ${trialText(trials[reply.trial]!)})`;
    // The experiment's hints name its own --help.
    const hint = reply.hint?.replace(/^--help/, `deno task run ${pathInRepository(path)} --help`);
    throw new UserError(reply.code, reply.message + where, wholeNumberHint(reply, ranges) ?? hint);
  }
  for (const [i, hash] of reply.trials.entries()) {
    const first = reply.trials.indexOf(hash);
    if (first === i) continue;
    throw new UserError(
      "sweep.same-trial",
      `Trials ${first + 1} (${trialText(trials[first]!)}) and ${i + 1} (${trialText(trials[i]!)}) are the same`,
      "leave out values with the same meaning, such as 1e-3 and 0.001",
    );
  }
  return reply;
}

/** The hint for a setting that takes whole numbers but was drawn from a range of any. */
function wholeNumberHint({ code, message }: { code: string; message: string }, ranges: SweepSpace["ranges"]) {
  if (code !== "config.wrong-type" || !message.includes("integer")) return undefined;
  const range = ranges.find(({ key, scale }) => !scale.endsWith("int") && message.includes(` ${key} `));
  if (range === undefined) return undefined;
  const scale = range.scale === "log" ? "log-int" : "int";
  return `draw whole numbers: --range ${range.key}=${scale}:${Math.ceil(range.low)}..${Math.floor(range.high)}`;
}

function sharedArguments(
  { preset, set, device, threads, engine = "local", engineSettings = [], force }: NewSweep,
): string[] {
  return [
    ...(preset === undefined ? [] : ["--preset", preset]),
    ...(set ?? []).flatMap((text) => ["--set", text]),
    ...(device === undefined ? [] : ["--device", device]),
    ...(threads === undefined ? [] : ["--threads", threads]),
    ...engineArguments(engine, engineSettings),
    ...(force ? ["--force"] : []),
  ];
}
