// What a cluster has: partitions with their nodes, processors, memory, accelerators and time limits, as `sinfo` says.
import { UserError } from "../../errors.ts";
import { saidBy, type SlurmCommands } from "./commands.ts";

/** Nodes of one kind in a partition. */
export interface Partition {
  readonly name: string;
  readonly isDefault: boolean;
  readonly nodes: number;
  /** Of each node. */
  readonly cpus: number;
  readonly bytes: number;
  /** Accelerators of each node; undefined: none. `type` as the site calls it; undefined if it does not say. */
  readonly gpus: { readonly type: string | undefined; readonly count: number } | undefined;
  /** Longest time of a job in seconds; undefined: no limit. */
  readonly seconds: number | undefined;
}

const FORMAT = "%P|%D|%c|%m|%G|%l|%a";

/**
 * The partitions that take jobs, one entry for each kind of node.
 *
 * @throws UserError `slurm.partitions` when `sinfo` fails or prints something else
 */
export async function readPartitions(slurm: SlurmCommands): Promise<Partition[]> {
  const answer = await slurm("sinfo", ["-h", "-e", "-o", FORMAT]);
  if (answer.code !== 0) {
    throw new UserError("slurm.partitions", `Slurm cannot list partitions. It said: ${saidBy(answer)}`);
  }
  const lines = answer.stdout.split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => {
    const parts = line.split("|");
    const [name = "", nodes, cpus, megabytes, gres = "", limit = "", state] = parts;
    const numbers = [nodes, cpus, megabytes].map((text) => parseInt(text ?? "", 10));
    const seconds = secondsOf(limit);
    if (parts.length !== 7 || numbers.some(Number.isNaN) || seconds === null) {
      throw new UserError("slurm.partitions", `sinfo printed "${line}", where ${FORMAT} was expected`);
    }
    if (state !== "up") return [];
    return [{
      name: name.replace(/\*$/, ""),
      isDefault: name.endsWith("*"),
      nodes: numbers[0]!,
      cpus: numbers[1]!,
      bytes: numbers[2]! * 2 ** 20,
      gpus: gpusOf(gres),
      seconds,
    }];
  });
}

/** Accelerators in `gpu:a100:4(S:0-1),…`; the first kind, if there are several. */
function gpusOf(gres: string): Partition["gpus"] {
  const found = /(?:^|,)gpu(?::([^:,(]+))??(?::(\d+))?(?=[,(]|$)/.exec(gres);
  return found === null ? undefined : { type: found[1], count: Number(found[2] ?? 1) };
}

/** Seconds of `1-12:00:00`, `30:00` or `90` (minutes); undefined for no limit, null for anything else. */
function secondsOf(limit: string): number | undefined | null {
  if (limit === "infinite") return undefined;
  const parts = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/.exec(limit);
  if (parts === null) return null;
  const [days, ...rest] = parts.slice(1).map((part) => part === undefined ? undefined : Number(part));
  const given = rest.filter((part) => part !== undefined);
  // With days the first is hours; without, one or two parts are minutes and seconds.
  const [hours = 0, minutes = 0, seconds = 0] = days !== undefined || given.length === 3 ? given : [0, ...given];
  return 86_400 * (days ?? 0) + 3600 * hours + 60 * minutes + seconds;
}
