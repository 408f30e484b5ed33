// The command in Jupyter's kernel.json that starts Deno's kernel, and finds Deno again when it is no longer there.
import { delimiter, isAbsolute, join } from "node:path";
import { isFile } from "./is-file.ts";

type System = typeof Deno.build.os;

/** The `argv` of a kernel.json; Jupyter replaces `{connection_file}` by a path. */
export type KernelArguments = readonly string[];

/** Starts the kernel with the Deno at `$2`, with one on the PATH, or with version `$3` from npx; `$1` is the connection file. */
const SCRIPT = [
  'for deno in "$2" deno; do command -v "$deno" >/dev/null && exec "$deno" jupyter --kernel --conn "$1"; done',
  'command -v npx >/dev/null && exec npx -y "deno@$3" jupyter --kernel --conn "$1"',
  'echo "Deno was not found: run deno task notebook:install again" >&2; exit 127',
].join("; ");

/**
 * The arguments that start the kernel. `npx` keeps Deno in a cache that may be cleared at any time, so the kernel's Deno
 * is the one at `path`, or else one on the PATH, or else the one that npx fetches.
 */
export function kernelArguments(
  path: string = Deno.execPath(),
  version: string = Deno.version.deno,
  os: System = Deno.build.os,
): KernelArguments {
  if (os !== "windows") return ["/bin/sh", "-c", SCRIPT, "deno-kernel", "{connection_file}", path, version];
  const deno = inNpxCache(path) ? ["cmd", "/c", "npx", "-y", `deno@${version}`] : [path];
  return [...deno, "jupyter", "--kernel", "--conn", "{connection_file}"];
}

/** Whether a program exists, by its absolute path or its name on the PATH. */
export type HasProgram = (program: string) => boolean;

/** Why a kernel cannot start, or soon may not; undefined when it can. */
export function kernelFault(kernel: KernelArguments, has: HasProgram = hasProgram): string | undefined {
  const again = "run deno task notebook:install again";
  const [program = "", , script] = kernel;
  if (script === SCRIPT) {
    const path = kernel[5] ?? "";
    return [path, "deno", "npx"].some(has) ? undefined : `neither ${path} nor another Deno or npx is there: ${again}`;
  }
  if (!has(program)) return `its kernel.json names ${program}, which is not there: ${again}`;
  return inNpxCache(program) ? `it works until npx's cache is cleared, where ${program} is: ${again}` : undefined;
}

function inNpxCache(path: string): boolean {
  return /[\\/]_npx[\\/]/.test(path);
}

function hasProgram(program: string): boolean {
  if (isAbsolute(program)) return isFile(program);
  const endings = Deno.build.os === "windows" ? [".exe", ".cmd", ".bat"] : [""];
  const folders = (Deno.env.get("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) => endings.some((ending) => isFile(join(folder, program + ending))));
}
