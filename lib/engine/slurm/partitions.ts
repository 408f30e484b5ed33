// What a cluster has: partitions with their nodes, processors, memory, accelerators and time limits, as `sinfo` says.
import { UserError } from "../../errors.ts";
import { saidBy, type SlurmCommands, wrapperHint } from "./commands.ts";
import { secondsOfTime } from "./time.ts";

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
    const seconds = secondsOfTime(limit);
    if (parts.length !== 7 || numbers.some(Number.isNaN) || seconds === null) {
      const message = `sinfo printed "${line}", where ${FORMAT} was expected`;
      throw new UserError("slurm.partitions", message, wrapperHint("sinfo"));
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
