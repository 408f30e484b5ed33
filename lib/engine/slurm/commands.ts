// Slurm's own commands, run with a limit of time; what they print is all that is known of a cluster.
import { UserError } from "../../errors.ts";

/** How one of Slurm's commands ended. */
export interface SlurmAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of Slurm's commands. Tests and simulations give their own. */
export type SlurmCommands = (name: SlurmCommand, args: readonly string[]) => Promise<SlurmAnswer>;

export type SlurmCommand = "sbatch" | "squeue" | "scontrol" | "scancel" | "sinfo";

/** A controller that is busy takes its time; one that is gone says nothing. */
const LIMIT_MS = 60_000;

/** The commands on the path. @throws UserError `slurm.absent`, `slurm.timeout` */
export const slurmCommands: SlurmCommands = (name, args) => slurmCommand(name, args, LIMIT_MS);

/** One of the commands, with a limit of time. */
export const slurmCommand = async (
  name: SlurmCommand,
  args: readonly string[],
  limitMs: number,
): Promise<SlurmAnswer> => {
  const late = new AbortController();
  const { signal } = late;
  // The timer of `AbortSignal.timeout()` would keep the process alive after everything is done.
  const timer = setTimeout(() => late.abort(), limitMs);
  try {
    const command = new Deno.Command(name, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal,
      env: { LC_ALL: "C" },
    }).output();
    // A site's wrapper that is killed may leave behind what goes on writing.
    const limit = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(timeout(name, limitMs)))
    );
    command.catch(() => {});
    const { code, stdout, stderr } = await Promise.race([command, limit]);
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (signal.aborted) throw timeout(name, limitMs);
    if (error instanceof Deno.errors.NotFound) {
      throw new UserError(
        "slurm.absent",
        `There is no Slurm here: the command ${name} is not on the path`,
        "start it on a login node of the cluster, or without --engine slurm",
      );
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/** What to do about a command that prints something else than Slurm's own does. */
export const wrapperHint = (name: SlurmCommand): string =>
  `which ${name} shows whether a wrapper comes before Slurm's own`;

function timeout(name: string, limitMs: number): UserError {
  return new UserError(
    "slurm.timeout",
    `Slurm did not answer ${name} within ${limitMs / 1000} s`,
    "scontrol ping shows whether its controller is up",
  );
}

/** The last line that a command of Slurm printed about an error, without its own name. */
export function saidBy({ stdout, stderr }: SlurmAnswer): string {
  const lines = `${stdout}\n${stderr}`.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const errors = lines.filter((line) => /error/i.test(line));
  return (errors.at(-1) ?? lines.at(-1) ?? "nothing").replace(/^\w+: (error: )?/, "");
}
