// Whether nodes can build cells, before anything is handed in: one job for each kind of place takes the nodes that are
// free, and on each of them a process like that of a cell says which code it has and how it computes.
import { join } from "node:path";
import { z } from "zod";
import { absent, attempt, UserError } from "../../errors.ts";
import type { MissingCell } from "../../run/mod.ts";
import type { Clock } from "../clock.ts";
import { saidBy, type SlurmCommands } from "./commands.ts";
import { isOver, type QueuedJob, readQueue } from "./queue.ts";
import { commandLine, type JobScript, quote, resourceOptions } from "./script.ts";
import type { SlurmRequest } from "./settings.ts";
import { type PlannedJob, refused } from "./submit.ts";
import { JOBS_FOLDER } from "./table.ts";

/** What a process on a node says of it, in a file. */
export const probeReportSchema = z.object({ code: z.string(), numerics: z.string() });

export type ProbeReport = z.infer<typeof probeReportSchema>;

export interface ProbeOptions extends Pick<JobScript, "runFolder" | "cwd" | "command" | "env"> {
  readonly run: string;
  readonly slurm: SlurmCommands;
  readonly clock: Clock;
  /** The code that the run has here. */
  readonly code: string;
  /** How long to wait for free nodes. */
  readonly seconds: number;
}

/** Seconds to wait for free nodes, if no setting says it. */
export const PROBE_SECONDS = 60;
/** Most nodes that are taken at once. */
const MOST_NODES = 64;
/** Minutes that the check of a node may take. */
const LIMIT_MINUTES = 5;
const MEMORY = "2G";
const LOOK_MS = 1_000;

/** A place that jobs go to. */
export interface ProbedPlace {
  /** Of its script and its folder. */
  readonly name: string;
  readonly request: SlurmRequest;
  /** The arithmetic that nodes must have; empty: any. */
  readonly numerics: ReadonlySet<string>;
}

/** What nodes of a place left. */
export interface Probed {
  readonly place: ProbedPlace;
  /** Those that were taken; empty: none was free. */
  readonly nodes: readonly string[];
}

/** Jobs go to the same place if they ask for the same nodes, and prepare and compute in the same way. */
export function placeKey(request: SlurmRequest): string {
  const { partition, account, qos, gres, constraint, exclude, prelude, container, device } = request;
  return JSON.stringify([partition, account, qos, gres, constraint, exclude, prelude, container, device]);
}

/**
 * Checks the free nodes of the places that jobs go to.
 *
 * @returns a sentence on what was checked
 * @throws UserError `slurm.probe` with the nodes that cannot build cells, and why; `slurm.submit` with what Slurm said
 */
export async function probeNodes(jobs: readonly PlannedJob<MissingCell>[], options: ProbeOptions): Promise<string> {
  const groups = [...Map.groupBy(jobs, ({ request }) => placeKey(request)).values()];
  const places = groups.map((jobs, i): ProbedPlace => ({
    name: i === 0 ? "probe" : `probe-${i + 1}`,
    request: jobs[0]!.request,
    numerics: new Set(jobs.flatMap(({ cells }) => cells.flatMap(({ numerics }) => numerics ?? []))),
  }));
  const probed = await askNodes(places, MOST_NODES, options);
  const good = await checkNodes(probed, options);
  const checked = good.length === 0 ? [] : [`Checked ${listed(good)}: folder, code and packages are there`];
  const rest = probed.every(({ nodes }) => nodes.length > 0)
    ? []
    : [`No node was free within ${options.seconds} s to be checked first: each job checks its own`];
  return [...checked, ...rest].join("; ");
}

/**
 * Asks nodes of some places what they would build cells with, and waits for the answers.
 *
 * @param most nodes of each place
 * @throws UserError `slurm.submit` with what Slurm said
 */
export async function askNodes(
  places: readonly ProbedPlace[],
  most: number,
  options: ProbeOptions,
): Promise<Probed[]> {
  const { slurm, clock, run, runFolder, seconds } = options;
  const ids: string[] = [];
  /** The name of a job that Slurm may have taken without saying so. */
  let unanswered: string | undefined;
  const nodes = new Map<string, string>();
  try {
    for (const place of places) {
      const folder = join(runFolder, JOBS_FOLDER, place.name);
      await Deno.remove(folder, { recursive: true }).catch(absent);
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}.sh`, probeScript(place, most, options), { mode: 0o700 });
      unanswered = place.name;
      const answer = await slurm("sbatch", ["--parsable", `${folder}.sh`]);
      const id = /^(\d+)(;\S+)?$/m.exec(answer.stdout)?.[1];
      if (answer.code !== 0 || id !== undefined) unanswered = undefined;
      if (answer.code !== 0 || id === undefined) throw refused(place.name, answer);
      ids.push(id);
    }
    const until = clock.now() + 1000 * seconds;
    const longest = until + 60_000 * LIMIT_MINUTES;
    for (;;) {
      const queue = new Map((await readQueue(slurm)).map((job) => [job.id, job]));
      const found = ids.map((id) => queue.get(id));
      for (const [i, job] of found.entries()) if (job?.node) nodes.set(ids[i]!, job.node);
      const waits = (job: QueuedJob | undefined) => job?.state === "PENDING";
      if (found.every((job) => job === undefined || isOver(job)) || clock.now() > longest) break;
      if (clock.now() > until && found.every((job) => job === undefined || isOver(job) || waits(job))) break;
      await clock.sleep(LOOK_MS);
    }
  } finally {
    if (unanswered !== undefined) await slurm("scancel", ["--me", `--name=${run}/${unanswered}`]).catch(() => {});
    if (ids.length > 0) await slurm("scancel", ids).catch(() => {});
  }
  const taken = async (id: string) => nodes.has(id) ? await hostNames(slurm, nodes.get(id)!) : [];
  return await Promise.all(places.map(async (place, i) => ({ place, nodes: await taken(ids[i]!) })));
}

/**
 * Reads what nodes said.
 *
 * @returns those that can build cells
 * @throws UserError `slurm.probe` with those that cannot, and why
 */
export async function checkNodes(probed: readonly Probed[], options: ProbeOptions): Promise<string[]> {
  const good = new Set<string>();
  const bad = new Map<string, string>();
  for (const { place, nodes } of probed) {
    for (const node of nodes) {
      const trouble = await troubleOf(node, place, options);
      if (trouble === undefined) good.add(node);
      else bad.set(node, trouble);
    }
  }
  if (bad.size > 0) throw cannotBuild(bad, good.size, options);
  return [...good];
}

/** What a node of a place said of itself; undefined: nothing that can be read. */
export async function reportOf(
  node: string,
  { name }: ProbedPlace,
  { runFolder }: Pick<ProbeOptions, "runFolder">,
): Promise<ProbeReport | undefined> {
  const text = await Deno.readTextFile(join(runFolder, JOBS_FOLDER, name, `${node}.json`)).catch(absent);
  return text === undefined ? undefined : attempt(() => probeReportSchema.parse(JSON.parse(text)));
}

/** A script that depends on nothing that a node may not see, until it looks. */
function probeScript(
  { name, request }: ProbedPlace,
  most: number,
  { run, runFolder, cwd, command, env }: ProbeOptions,
): string {
  const folder = join(runFolder, JOBS_FOLDER, name);
  const check = [
    `cd ${quote(folder)} || exit 2`,
    `exec > "${"$SLURMD_NODENAME"}.log" 2>&1`,
    `cd ${quote(cwd)} || exit 2`,
    ...Object.entries(env).map(([key, value]) => `export ${key}=${quote(value)}`),
    "export NO_COLOR=1",
    ...(request.prelude ?? []),
    `${commandLine(command, request)} --probe ${quote(folder)}/"$SLURMD_NODENAME".json`,
  ].join("\n");
  return [
    "#!/bin/bash",
    ...resourceOptions({ ...request, mem: MEMORY, time: String(LIMIT_MINUTES), cpus: 1 }),
    `#SBATCH --job-name=${run}/${name}`,
    "#SBATCH --chdir=/",
    "#SBATCH --output=/dev/null",
    `#SBATCH --nodes=${most === 1 ? 1 : `1-${most}`}`,
    "#SBATCH --no-requeue",
    `exec srun --ntasks-per-node=1 --chdir=/ --output=/dev/null --input=none bash -c ${quote(check)}`,
    "",
  ].join("\n");
}

/** The names behind Slurm's short form, `n[1-3]`. */
async function hostNames(slurm: SlurmCommands, list: string): Promise<string[]> {
  if (!list.includes("[") && !list.includes(",")) return [list];
  const answer = await slurm("scontrol", ["show", "hostnames", list]);
  if (answer.code === 0) return answer.stdout.split("\n").filter((name) => name !== "");
  throw new UserError("slurm.probe", `Slurm cannot name the nodes ${list}. It said: ${saidBy(answer)}`);
}

async function troubleOf(node: string, place: ProbedPlace, options: ProbeOptions): Promise<string | undefined> {
  const report = await reportOf(node, place, options);
  if (report === undefined) {
    const log = await Deno.readTextFile(join(options.runFolder, JOBS_FOLDER, place.name, `${node}.log`)).catch(absent);
    if (log === undefined) return "it does not see the folder of the run";
    const line = log.split("\n").map((line) => line.trim()).find((line) => /error/i.test(line)) ??
      log.trim().split("\n").at(-1);
    return line ? `it said: ${line}` : "the check ended there without a word, perhaps in a line of the prelude";
  }
  if (report.code !== options.code) return "it has another version of the code";
  const other = [...place.numerics].find((one) => one !== report.numerics);
  return other === undefined ? undefined : `it computes with ${report.numerics}, but the run with ${other}`;
}

function cannotBuild(bad: ReadonlyMap<string, string>, good: number, { run, runFolder, cwd }: ProbeOptions): UserError {
  const names = [...bad.keys()];
  const reasons = [...Map.groupBy(names, (node) => bad.get(node)!)].map(([why, nodes]) => `${listed(nodes)}: ${why}`);
  const of = good === 0 ? "" : ` of the ${bad.size + good} that were checked`;
  return new UserError(
    "slurm.probe",
    `Cannot hand in ${run}: ${bad.size === 1 ? "one node" : `${bad.size} nodes`}${of} cannot build its cells. ${
      reasons.join("; ")
    }`,
    good > 0
      ? `leave ${bad.size === 1 ? "it" : "them"} out with --slurm.nodes.exclude ${names.join(",")}`
      : `all nodes must see ${runFolder} and ${cwd} under the same path, and have the packages (DENO_DIR, node_modules)`,
  );
}

/** Names, the first of them if there are many. */
function listed(names: readonly string[]): string {
  const [most, few] = [8, 6];
  return names.length <= most ? names.join(", ") : `${names.slice(0, few).join(", ")} and ${names.length - few} more`;
}
