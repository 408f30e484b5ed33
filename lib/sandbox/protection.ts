// What this machine adds to Deno's permissions and to V8's limit of its heap.
import { attempt } from "../errors.ts";
import { denoCommand, type Protection } from "./limits.ts";

/** MiB beyond what an idle Deno needs: for the stacks and heaps of threads that it starts later. */
const SLACK = 64;

let found: Promise<Protection> | undefined;

/** Looks at the machine once. */
export function machineProtection(): Promise<Protection> {
  return found ??= detect();
}

async function detect(): Promise<Protection> {
  if (Deno.build.os === "windows" || !succeeds("sh", ["-c", "ulimit -c 0 && ulimit -f 0 && ulimit -t 60"])) {
    return { limits: false, ownMemory: undefined, endsWithParent: false };
  }
  const limited = Deno.build.os === "linux" && succeeds("sh", ["-c", "ulimit -d 1000000"]);
  return {
    limits: true,
    ownMemory: limited ? await idleMemory() : undefined,
    endsWithParent: succeeds("setpriv", ["--no-new-privs", "--pdeathsig", "KILL", "true"]),
  };
}

function succeeds(command: string, args: string[]): boolean {
  return attempt(() => new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync())
    ?.success ?? false;
}

/** MiB of data segments of Deno without a program; undefined where `/proc` does not say. */
async function idleMemory(): Promise<number | undefined> {
  const idle = "data:application/javascript,console.log();await Deno.stdin.read(new Uint8Array(1))";
  const child = new Deno.Command(Deno.execPath(), {
    ...denoCommand(64, idle),
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stdout = child.stdout.getReader();
  await stdout.read();
  // By a program: Deno itself opens files in /proc only with all permissions.
  const status = attempt(() => new Deno.Command("cat", { args: [`/proc/${child.pid}/status`] }).outputSync().stdout);
  await child.stdin.close();
  await stdout.cancel();
  await child.status;
  const kilobytes = /^VmData:\s*(\d+) kB$/m.exec(new TextDecoder().decode(status))?.[1];
  return kilobytes === undefined ? undefined : Math.ceil(Number(kilobytes) / 1024) + SLACK;
}
