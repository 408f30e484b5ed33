// What a generated program may use, and the command that holds it to that.

/** What one program may use. */
export interface SandboxLimits {
  /** Seconds of processor time, over all threads, whole; the start of Deno takes about 0.1. @default 5 */
  readonly cpuSeconds: number;
  /** Seconds from its start, which also end a program that waits; generous, as other programs slow it down. @default 60 */
  readonly wallSeconds: number;
  /** MiB for V8's heap, and, on Linux, for all memory beyond what Deno itself needs. @default 512 */
  readonly memory: number;
  /** Bytes that it may print and return, together. @default 1048576 */
  readonly outputBytes: number;
}

export const DEFAULT_LIMITS: SandboxLimits = { cpuSeconds: 5, wallSeconds: 60, memory: 512, outputBytes: 1 << 20 };

/** What this machine can hold a program to, besides Deno's permissions and V8's limit of its heap. */
export interface Protection {
  /** Whether a shell sets limits of the operating system: processor time, written files, core dumps. */
  readonly limits: boolean;
  /** MiB of data segments of an idle Deno, where the system limits them for memory mappings, too: only on Linux. */
  readonly ownMemory: number | undefined;
  /** Whether a program is killed when this process is: `setpriv` of util-linux. */
  readonly endsWithParent: boolean;
}

/** Deno without any permission, without access to packages, caches, configuration and the GPU. */
export function denoCommand(memory: number, module: string): Deno.CommandOptions & { readonly args: string[] } {
  return {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      "--no-npm",
      "--no-remote",
      "--deny-import",
      `--v8-flags=--max-old-space-size=${memory}`,
      module,
    ],
    clearEnv: true,
    env: {
      // A path below a file: nothing can be cached there, neither compiled code nor Web Storage.
      DENO_DIR: `${Deno.execPath()}/none`,
      DENO_NO_PACKAGE_JSON: "1",
      DENO_NO_UPDATE_CHECK: "1",
      // No such backend: memory of a GPU would escape the limits.
      DENO_WEBGPU_BACKEND: "none",
      NO_COLOR: "1",
    },
  };
}

/**
 * A shell that limits itself and then becomes the command in its arguments. A limit that cannot be set is one that is
 * stricter already.
 *
 * The soft limit of processor time sends SIGXCPU, which tells a program that computed too long from others; the hard
 * one, a second later, kills a program that ignores it. Files are limited to no bytes; an attempt fails instead of
 * killing Deno, which may try to write its caches.
 */
export function limitingShell(
  { cpuSeconds, memory }: Pick<SandboxLimits, "cpuSeconds" | "memory">,
  { ownMemory, endsWithParent }: Protection,
): string[] {
  const script = [
    "trap '' XFSZ",
    "ulimit -c 0",
    "ulimit -f 0",
    `ulimit -Ht ${cpuSeconds + 1}`,
    `ulimit -St ${cpuSeconds}`,
    // Counted by Linux are all private writable mappings: buffers, WebAssembly, stacks of threads, native memory.
    ...(ownMemory === undefined ? [] : [`ulimit -d ${(ownMemory + memory) * 1024}`]),
  ].map((line) => `${line} 2>/dev/null`);
  const last = endsWithParent ? 'exec setpriv --no-new-privs --pdeathsig KILL "$@"' : 'exec "$@"';
  return ["-c", [...script, last].join("\n"), "sh"];
}
