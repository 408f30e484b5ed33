// Which process wrote something, and whether it still lives: host, pid, and the time the pid was given out.
import { hostname } from "node:os";
import process from "node:process";
import { sha256 } from "../files/files.ts";

/** A process, told from a later one of the same pid by when it started. */
export interface ProcessId {
  readonly host: string;
  readonly pid: number;
  /** Hash of boot and start time as the kernel tells them; null where it does not (no `/proc`, or no permission). */
  readonly started: string | null;
}

/** This process. */
export function thisProcess(): ProcessId {
  return processOf(Deno.pid);
}

/** The process of this machine that has this pid now. */
export function processOf(pid: number): ProcessId {
  return { host: hostname(), pid, started: startOf(pid) };
}

/**
 * Whether a process still lives; undefined when it cannot be told from here (another machine, or the permission to
 * ask is missing).
 */
export function isAlive(id: ProcessId): boolean | undefined {
  try {
    if (id.host !== hostname()) return undefined;
    process.kill(id.pid, 0);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "ESRCH") return false;
    // EPERM: there is such a process, of another user. Anything else: we may not ask.
    if (code !== "EPERM") return undefined;
  }
  if (isZombie(id.pid)) return false;
  const started = startOf(id.pid);
  if (id.started === null || started === null) return undefined;
  return started === id.started;
}

/** Whether a process has ended and only waits for its parent, which may never come, to ask how. */
function isZombie(pid: number): boolean {
  return /^[ZX]/.test(statOf(pid) ?? "");
}

/** What the kernel tells of a process, from its state on; undefined where it does not. */
function statOf(pid: number): string | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // The second field, the command in parentheses, may hold spaces and parentheses itself.
    return stat.slice(stat.lastIndexOf(")") + 2);
  } catch {
    return undefined;
  }
}

/** Eight hexadecimal digits that stand for the boot and the clock ticks from it to the process's start. */
function startOf(pid: number): string | null {
  try {
    const ticks = statOf(pid)?.split(" ")[19];
    const boot = Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
    return ticks === undefined ? null : sha256(`${boot}/${ticks}`).slice(0, 8);
  } catch {
    return null;
  }
}
