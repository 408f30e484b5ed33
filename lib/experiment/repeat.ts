// Commands to give again: the one that repeats a run; and where the report over seeds of the same settings lies.
import { createHash } from "node:crypto";
import { join, relative, sep as SEPARATOR } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { REPORTS_FOLDER, repositoryRoot, withoutOptions } from "../run/mod.ts";

const tasks: Readonly<Record<string, string>> = project.tasks;

/** This process's script, relative to the repository. */
export function thisScript(): string {
  return relative(repositoryRoot, fileURLToPath(Deno.mainModule)).replaceAll(SEPARATOR, "/");
}

/**
 * The command that repeats a run of `script`: the task that runs this script, or `deno task run` if there is none, as
 * for a study or a copy of an experiment.
 *
 * @param script relative to the repository
 * @param command the experiment's name and its arguments
 */
export function repeatCommand(script: string, [name, ...given]: readonly string[]): string[] {
  // An id is given out once: whoever repeats the command wants another run.
  const args = withoutOptions(given, { "--id": true, "--attach": false });
  const own = name !== undefined && Object.hasOwn(tasks, name) && tasks[name]!.split(" ").includes(script);
  return own ? ["deno", "task", name, ...args] : ["deno", "task", "run", script, ...args];
}

/** What distinguishes one report over seeds from another. */
export interface SeedsReport {
  readonly experiment: string;
  readonly preset: string;
  readonly seeds: readonly number[];
  readonly config: unknown;
  /** Which source gave each setting that is not the schema's default, by key path. */
  readonly origins: Readonly<Record<string, string>>;
}

/** The folder of a report over seeds: `bts-smoke-seeds-1-2`, with a hash of the settings that the preset did not give. */
export function seedsReportFolder(
  runsFolder: string,
  { experiment, preset, seeds, config, origins }: SeedsReport,
): string {
  const own = Object.keys(origins).filter((path) => origins[path] !== "preset").sort();
  const changed = own.map((path) => [path, valueAt(config, path.split("."))]);
  const hash = createHash("sha256").update(JSON.stringify(changed)).digest("hex").slice(0, 8);
  const name = [experiment, preset, ...(own.length === 0 ? [] : [hash]), "seeds", ...seeds].join("-");
  return join(runsFolder, REPORTS_FOLDER, name);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], value);
}
