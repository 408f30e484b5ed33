// What `deno task plan --engine slurm` plans for: the accelerators of a partition, as Slurm says.
import { UserError } from "../errors.ts";
import { gpuNamed, GPUS, type Schedule } from "../cluster/mod.ts";
import { type Partition, readPartitions, type SlurmCommands } from "../engine/mod.ts";
import { longTime } from "../experiment/mod.ts";
import { type EngineSetting, formatTable, textColumn } from "../run/mod.ts";

/** The accelerators of a partition, and what people should know of it. */
export interface SlurmPlace {
  readonly gpu: string;
  readonly count: number;
  /** Remarks on a schedule. */
  readonly remarks: (plan: Schedule) => readonly string[];
}

/**
 * The accelerators of the partition that `--slurm.partition` names, or of the only one that has some.
 *
 * @param gpu what `--gpu` says, if it was given: the kind of an accelerator whose name the site chose
 * @throws UserError `plan.partition`, `plan.gpu`, and what `readPartitions()` throws
 */
export async function slurmPlace(
  slurm: SlurmCommands,
  settings: readonly EngineSetting[],
  gpu: string | undefined,
): Promise<SlurmPlace> {
  const other = settings.find(([name]) => name !== "partition");
  if (other !== undefined) {
    throw new UserError("slurm.setting", `Cannot use --slurm.${other[0]} in a plan: expected only --slurm.partition`);
  }
  const all = await readPartitions(slurm);
  const wanted = settings.at(-1)?.[1];
  const names = [...new Set(all.map(({ name }) => name))];
  if (wanted !== undefined && !names.includes(wanted)) {
    throw new UserError("plan.partition", `There is no partition ${wanted}: expected one of ${names.join(", ")}`);
  }
  const fit = all.filter(({ name, gpus }) => gpus !== undefined && (wanted === undefined || name === wanted));
  const having = [...new Set(fit.map(({ name }) => name))];
  if (having.length !== 1) {
    throw new UserError(
      "plan.partition",
      having.length === 0
        ? `Slurm knows of no GPUs in ${wanted === undefined ? "any partition" : `the partition ${wanted}`}`
        : `Several partitions have GPUs: ${having.join(", ")}`,
      having.length === 0 ? "give --gpu and --count instead" : `choose one with --slurm.partition ${having[0]}`,
    );
  }
  const kinds = [...new Set(fit.map(({ gpus }) => gpus!.type ?? ""))];
  const found = gpu ?? GPUS.find(({ name }) => name === kinds[0]!.toLowerCase())?.name;
  if (kinds.length > 1 || found === undefined) {
    throw new UserError(
      "plan.gpu",
      `The GPUs of ${having[0]} are called ${kinds.map((kind) => kind === "" ? "gpu" : kind).join(", ")}`,
      `say which they are with --gpu: ${GPUS.map(({ name }) => name).join(", ")}`,
    );
  }
  const count = fit.reduce((sum, { nodes, gpus }) => sum + nodes * gpus!.count, 0);
  return { gpu: gpuNamed(found).name, count, remarks: (plan) => remarks(all, fit[0]!, plan) };
}

function remarks(all: readonly Partition[], { name, seconds = Infinity }: Partition, { jobs }: Schedule): string[] {
  const long = jobs.filter((job) => job.seconds > seconds).map(({ job }) => job.name);
  const rows = all.map((partition) => ({
    partition: partition.name,
    nodes: String(partition.nodes),
    cpus: String(partition.cpus),
    memory: `${Math.round(partition.bytes / 1e9)} GB`,
    gpus: partition.gpus === undefined ? "" : `${partition.gpus.count} × ${partition.gpus.type ?? "gpu"}`,
    limit: partition.seconds === undefined ? "none" : longTime(partition.seconds),
  }));
  const columns = [["partition", "partition"], ["nodes", "nodes"], ["cpus", "processors"], ["memory", "memory"], [
    "gpus",
    "GPUs",
  ], ["limit", "time limit"]].map(([key, title]) => textColumn(key!, title!));
  return [
    formatTable({ name: "partitions", title: "Partitions, by kind of node", columns, rows }),
    ...(long.length === 0 ? [] : [
      `Longer than the time limit of ${name}, ${longTime(seconds)}: ${
        long.join(", ")
      }. Such a job leaves a checkpoint ` +
      "and is started again.",
    ]),
  ];
}
