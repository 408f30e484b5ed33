// Where runs are by default.
import { isAbsolute, relative } from "node:path";
import { repositoryRoot } from "./repository.ts";

/** The default of `--runs`. */
export function defaultRunsFolder(): string {
  // Reading a variable without permission would prompt.
  const allowed = Deno.permissions.querySync({ name: "env", variable: "STITCHBOOK_RUNS" }).state === "granted";
  return (allowed ? Deno.env.get("STITCHBOOK_RUNS") : undefined) || "runs";
}

/**
 * The folder that relative paths in scripts and notebooks refer to: this repository's root anywhere inside the repository,
 * otherwise the current folder.
 */
export function homeFolder(): string {
  const here = Deno.cwd();
  const inside = relative(repositoryRoot, here);
  return inside.startsWith("..") || isAbsolute(inside) ? here : repositoryRoot;
}
