// Identifying a process by host, pid and start time, and telling whether it is still alive.
import { hostname } from "node:os";
import process from "node:process";
import { attempt } from "../../errors.ts";
import { sha256 } from "../files/files.ts";

/** A process. The start time tells it from a later process with the same pid. */
export interface ProcessId {
  readonly host: string;
  readonly pid: number;
  /** Hash of boot and start time from the kernel; null where they cannot be read (no `/proc`, or no permission). */
  readonly started: string | null;
}

/** This process. */
export function thisProcess(): ProcessId {
  return processOf(Deno.pid);
}

/** The process on this machine that has this pid now. */
export function processOf(pid: number): ProcessId {
  return { host: hostname(), pid, started: startOf(pid) };
}

/**
 * Whether a process is still alive; undefined when this cannot be determined (another machine, or missing permission).
 */
export function isAlive(id: ProcessId): boolean | undefined {
  try {
    if (id.host !== hostname()) return undefined;
    process.kill(id.pid, 0);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "ESRCH") return false;
    // EPERM: the process exists and belongs to another user. Anything else: no permission to ask.
    if (code !== "EPERM") return undefined;
  }
  if (isZombie(id.pid)) return false;
  const started = startOf(id.pid);
  if (id.started === null || started === null) return undefined;
  return started === id.started;
}

/** Whether a process has ended but its parent has not collected its exit status. */
function isZombie(pid: number): boolean {
  return /^[ZX]/.test(statOf(pid) ?? "");
}

/** The fields of `/proc/<pid>/stat` from the process state on; undefined where there are none. */
function statOf(pid: number): string | undefined {
  const stat = attempt(() => Deno.readTextFileSync(`/proc/${pid}/stat`));
  // The second field, the command in parentheses, may contain spaces and parentheses.
  return stat?.slice(stat.lastIndexOf(")") + 2);
}

/** Eight hexadecimal digits for the boot and the clock ticks from boot to the process's start. */
function startOf(pid: number): string | null {
  const ticks = statOf(pid)?.split(" ")[19];
  const boot = attempt(() => Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim());
  return ticks === undefined || boot === undefined ? null : sha256(`${boot}/${ticks}`).slice(0, 8);
}
