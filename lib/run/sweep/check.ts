// Checks every trial before the first one starts. The experiment itself does so, in its own process: called with
// `--check-trials`, it reads one JSON request from stdin and writes one JSON reply, the last line of stdout.
import { z } from "zod";
import { attempt, UserError } from "../../errors.ts";
import { canonicalJson } from "../files/canonical.ts";
import {
  type ExperimentDefinition,
  parseExperimentArguments,
  type RunInvocation,
} from "../command-line/experiment-arguments.ts";
import { configKeys, inputSchema } from "../config/config-keys.ts";
import { readAssignments } from "../config/config-value.ts";
import { sha256 } from "../files/files.ts";
import { scriptArguments } from "../process/script.ts";
import { type DeclaredMetrics, declaredMetricsSchema, unitedMetrics } from "./declared.ts";

/** The first argument that makes an experiment answer a check and do nothing else. */
export const CHECK_OPTION = "--check-trials";

const requestSchema = z.strictObject({
  /** Every value of every varied setting, with the option that gave it. */
  values: z.array(z.strictObject({ option: z.string(), key: z.string(), value: z.string() })),
  /** The arguments of each trial. */
  trials: z.array(z.array(z.string())),
});
export type CheckRequest = z.infer<typeof requestSchema>;

const replySchema = z.union([
  z.strictObject({
    experiment: z.string(),
    title: z.string(),
    preset: z.string(),
    /** SHA-256 of each trial's configuration and seed: equal hashes are the same trial. */
    trials: z.array(z.string()),
    /** The metrics of the trials; left out by an experiment that does not declare them. */
    metrics: declaredMetricsSchema.optional(),
  }),
  z.strictObject({
    /** Index of the trial at fault, if it is a single one. */
    trial: z.int().optional(),
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
  }),
]);
export type CheckReply = z.infer<typeof replySchema>;

/** The part of an experiment that a check needs. */
export interface CheckedExperiment<Schema extends z.ZodType> {
  readonly definition: ExperimentDefinition<Schema>;
  /** Throws a UserError for settings that cannot work together, or with the files that they name. */
  readonly check: (config: z.output<Schema>) => void | Promise<void>;
  /**
   * Completes settings from the files that they name, such as the shape of a model from its checkpoint, before they are
   * checked. Throws a UserError for files that cannot be used.
   */
  readonly complete?: (
    invocation: Pick<RunInvocation<z.output<Schema>>, "config" | "origins" | "runsFolder" | "dryRun">,
  ) => Promise<z.output<Schema>>;
  /** Every metric that a run with these settings may have; undefined: not known in advance. */
  readonly metrics?: (config: z.output<Schema>) => DeclaredMetrics | undefined;
}

/** The experiment's side: checks every trial and prints the reply. */
export async function answerTrialCheck<Schema extends z.ZodType>(
  experiment: CheckedExperiment<Schema>,
  request: string | undefined = undefined,
  print: (text: string) => void = console.log,
): Promise<void> {
  const { values, trials } = requestSchema.parse(JSON.parse(request ?? await new Response(Deno.stdin.readable).text()));
  print(JSON.stringify(await checkAll(experiment, values, trials)));
}

async function checkAll<Schema extends z.ZodType>(
  { definition, check, complete, metrics }: CheckedExperiment<Schema>,
  values: CheckRequest["values"],
  trials: CheckRequest["trials"],
): Promise<CheckReply> {
  const root = inputSchema(definition.schema);
  const keys = configKeys(definition.schema).map(({ path }) => path);
  const fault = (error: unknown, trial?: number): CheckReply => {
    if (!(error instanceof UserError)) throw error;
    const { code, message, hint } = error;
    return { code, message, ...(trial === undefined ? {} : { trial }), ...(hint === undefined ? {} : { hint }) };
  };
  try {
    for (const { option, key, value } of values) readAssignments([`${key}=${value}`], root, keys, { option });
  } catch (error) {
    return fault(error);
  }
  const hashes: string[] = [];
  const declared: (DeclaredMetrics | undefined)[] = [];
  let preset = definition.defaultPreset;
  for (const [i, args] of trials.entries()) {
    try {
      const invocation = parseExperimentArguments(args, definition);
      if (invocation.kind !== "run") throw new Error("A trial cannot ask for help");
      const config = await complete?.(invocation) ?? invocation.config;
      await check(config);
      preset = invocation.preset;
      declared.push(metrics?.(config));
      hashes.push(sha256(canonicalJson({ config, seeds: invocation.seeds })));
    } catch (error) {
      return fault(error, i);
    }
  }
  const known = declared.filter((one) => one !== undefined);
  return {
    experiment: definition.name,
    title: definition.title,
    preset,
    trials: hashes,
    ...(known.length < trials.length ? {} : { metrics: unitedMetrics(known) }),
  };
}

/**
 * The sweep's side: asks the experiment.
 *
 * @throws UserError `sweep.experiment` when the script does not reply, with what it printed instead
 */
export async function askExperiment(script: string, request: CheckRequest): Promise<CheckReply> {
  const child = new Deno.Command(Deno.execPath(), {
    args: scriptArguments(script, [CHECK_OPTION]),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  const writer = child.stdin.getWriter();
  // A script that does not read stdin may end before the request is written.
  const written = writer.write(new TextEncoder().encode(JSON.stringify(request))).then(() => writer.close())
    .catch(() => {});
  const { success, stdout, stderr } = await child.output();
  await written;
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  const reply = attempt(() => replySchema.parse(JSON.parse(decode(stdout).split("\n").at(-1)!)));
  if (success && reply !== undefined) return reply;
  const said = `${decode(stderr)}\n${decode(stdout)}`.trim().split("\n").slice(0, 8).join("\n");
  throw new UserError(
    "sweep.experiment",
    `Cannot check the trials: ${script} did not answer ${CHECK_OPTION}${said === "" ? "" : `, but printed:\n${said}`}`,
    "a sweep needs an experiment: a script that ends in experimentMain(…), as those in experiments/ do",
  );
}
