// Runs a process to its end, or kills it on the way, and measures the most memory that it had.

/** What a process came to. */
export interface Measured {
  readonly seconds: number;
  /** The most memory that was resident at once, with all threads, in bytes. */
  readonly peakBytes: number;
  readonly killed: boolean;
  readonly stdout: string;
}

/** How often memory is looked at, and whether to kill. */
const LOOK_MS = 50;

/**
 * Runs a Deno process.
 *
 * @param args of `deno`
 * @param killWhen asked every 50 ms; the process is killed (`SIGKILL`) when it is true
 * @throws Error with what the process said if it fails
 */
export async function measured(args: readonly string[], killWhen: () => boolean = () => false): Promise<Measured> {
  const began = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let peakBytes = 0;
  let killed = false;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentPeak(child.pid));
    if (!killed && killWhen()) {
      killed = true;
      child.kill("SIGKILL");
    }
  }, LOOK_MS);
  const { success, stdout, stderr } = await child.output().finally(() => clearInterval(timer));
  if (!success && !killed) throw new Error(new TextDecoder().decode(stderr));
  const seconds = (performance.now() - began) / 1000;
  return { seconds, peakBytes, killed, stdout: new TextDecoder().decode(stdout) };
}

/** Peak resident memory of a process so far, where the system tells; 0 when the process is gone. */
function residentPeak(pid: number): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    return 1024 * Number(kilobytes ?? 0);
  } catch {
    return 0;
  }
}

/** Whether this system tells how much memory a process had. */
export const measuresMemory = Deno.build.os === "linux";
