// How a run was made, in words: for `show`, `diff` and the pages. Pure: the browser loads it too.
import type { Captured, SettingSource } from "../events/capture-schema.ts";

type Untracked = NonNullable<NonNullable<Captured["git"]>["untracked"]>;

/** A setting with where its value came from. */
export interface MarkedSetting {
  readonly key: string;
  readonly value: unknown;
  readonly source: SettingSource | "default";
}

/** The names of sources, as a reader knows them. */
export const SOURCE_NAMES: Readonly<Record<MarkedSetting["source"], string>> = {
  default: "default",
  preset: "preset",
  file: "--config",
  set: "--set",
};

/** Every setting of a configuration, each with its source; groups that nothing sets are taken apart. */
export function markedSettings(config: unknown, sources: Captured["sources"], path = ""): MarkedSetting[] {
  const source = Object.hasOwn(sources, path) ? sources[path] : undefined;
  const members = typeof config === "object" && config !== null && !Array.isArray(config) ? Object.entries(config) : [];
  const above = Object.keys(sources).some((key) => key.startsWith(path === "" ? "" : `${path}.`));
  if (members.length === 0 || (source !== undefined && !above)) {
    return [{ key: path, value: config, source: source ?? "default" }];
  }
  return members.flatMap(([key, member]) =>
    markedSettings(member, sources, path === "" ? key : `${path}.${key}`).map((setting) =>
      setting.source === "default" && source !== undefined ? { ...setting, source } : setting
    )
  );
}

/** The code: `commit 1f3c2a9 on main, 3 files changed (2.1 kB of difference)`. */
export function codeText({ git }: Captured): string {
  if (git === null) return "not in a git repository";
  const branch = git.branch === null ? "" : ` on ${git.branch}`;
  if (git.changed === 0) return `commit ${git.commit.slice(0, 10)}${branch}, as it is`;
  const untracked = git.untracked === undefined ? "" : untrackedText(git.untracked);
  const files = `${git.changed} ${git.changed === 1 ? "file" : "files"} changed`;
  const kept = git.diff.bytes > 0 && git.diff.file === null ? ", too much to be kept" : "";
  return `commit ${
    git.commit.slice(0, 10)
  }${branch}, ${files} (${git.diff.bytes} bytes of difference${kept})${untracked}`;
}

function untrackedText({ files, leftOut }: Untracked): string {
  const kept = files.length === 0 ? "" : `, ${files.length} untracked kept`;
  return leftOut === 0 ? kept : `${kept}, ${leftOut} untracked left out`;
}

/** Untracked files of which nothing was kept: `data.bin: too large`. */
export function leftOutLines({ left, leftOut }: Untracked): string[] {
  const more = leftOut > left.length ? [`… and ${leftOut - left.length} more`] : [];
  return [...left.map(({ path, why }) => `${path}: ${why}`), ...more];
}

/** The machine: `vm: AMD EPYC, 2 cores, 8.2 GB, Linux 6.1 x86_64, Deno 2.9.6`. */
export function machineText({ environment: { host, processor, cores, memory, system, deno } }: Captured): string {
  return `${host}: ${processor}, ${cores} ${cores === 1 ? "core" : "cores"}, ${
    (memory / 1e9).toFixed(1)
  } GB, ${system}, Deno ${deno}`;
}

/** What the process that began a run has in common with no other: for telling two runs apart. */
export function madeFacts(captured: Captured | undefined): Record<string, unknown> {
  if (captured === undefined) return {};
  const { git, lock, environment: { memory: _, device, variables, ...environment } } = captured;
  return {
    code: git === null
      ? "no git"
      : git.diff.bytes === 0
      ? "as committed"
      : `changed, diff ${git.diff.sha256.slice(0, 12)}`,
    ...(git?.untracked?.files.length ? { untracked: `diff ${git.untracked.sha256.slice(0, 12)}` } : {}),
    packages: lock === null ? "no deno.lock" : `deno.lock ${lock.sha256.slice(0, 12)}`,
    environment: { ...environment, numerics: device?.numerics ?? null, threads: device?.threads ?? null, ...variables },
  };
}
