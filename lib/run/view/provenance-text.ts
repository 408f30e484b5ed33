// A run's provenance in words, for `show`, `diff` and the pages. Pure: the browser loads this file.
import type { Provenance, SettingSource } from "../events/provenance.ts";

type Git = NonNullable<Provenance["git"]>;
type Untracked = NonNullable<Git["untracked"]>;

/** A setting and where its value came from. */
export interface MarkedSetting {
  readonly key: string;
  readonly value: unknown;
  readonly source: SettingSource | "default";
}

/** How each source is called on the command line. */
export const SOURCE_NAMES: Readonly<Record<MarkedSetting["source"], string>> = {
  default: "default",
  preset: "preset",
  file: "--config",
  set: "--set",
  checkpoint: "checkpoint",
};

/** Every setting of a configuration with its source. Groups that no source sets as a whole are split into settings. */
export function markedSettings(config: unknown, sources: Provenance["sources"], path = ""): MarkedSetting[] {
  const source = Object.hasOwn(sources, path) ? sources[path] : undefined;
  const members = typeof config === "object" && config !== null && !Array.isArray(config) ? Object.entries(config) : [];
  const setsMembers = Object.keys(sources).some((key) => key.startsWith(path === "" ? "" : `${path}.`));
  if (members.length === 0 || (source !== undefined && !setsMembers)) {
    return [{ key: path, value: config, source: source ?? "default" }];
  }
  return members.flatMap(([key, member]) =>
    markedSettings(member, sources, path === "" ? key : `${path}.${key}`).map((setting) =>
      setting.source === "default" && source !== undefined ? { ...setting, source } : setting
    )
  );
}

/** The code: `commit 1f3c2a94de on main, 3 files changed (2104 bytes of diff), 1 untracked file kept`. */
export function codeText({ git }: Provenance): string {
  if (git === null) return "not in a git repository";
  const commit = `commit ${git.commit.slice(0, 10)}${git.branch === null ? "" : ` on ${git.branch}`}`;
  const changes = [...changedText(git), ...(git.untracked === undefined ? [] : untrackedText(git.untracked))];
  return [commit, ...(changes.length === 0 ? ["no changes"] : changes)].join(", ");
}

function changedText({ changes, changed, diff }: Git): string[] {
  // git lists untracked files last, and a long list was cut: after the first `??` all lines are untracked files.
  const tracked = changes.some(isUntracked) ? changes.filter((line) => !isUntracked(line)).length : changed;
  if (tracked === 0) return [];
  const kept = diff.bytes > 0 && diff.file === null ? ", too large to keep" : "";
  return [`${count(tracked, "file")} changed (${diff.bytes} bytes of diff${kept})`];
}

const isUntracked = (line: string) => line.startsWith("??");

function untrackedText({ files, leftOut }: Untracked): string[] {
  return [
    ...(files.length === 0 ? [] : [`${count(files.length, "untracked file")} kept`]),
    ...(leftOut === 0 ? [] : [`${count(leftOut, "untracked file")} left out`]),
  ];
}

/** Untracked files that were not kept: `data.bin: too large`. */
export function leftOutLines({ left, leftOut }: Untracked): string[] {
  const more = leftOut > left.length ? [`… and ${leftOut - left.length} more`] : [];
  return [...left.map(({ path, why }) => `${path}: ${why}`), ...more];
}

/** The machine: `vm: AMD EPYC, 2 cores, 8.2 GB, Linux 6.1 x86_64, Deno 2.9.6`. */
export function machineText({ environment: { host, processor, cores, memory, system, deno } }: Provenance): string {
  return `${host}: ${processor}, ${count(cores, "core")}, ${(memory / 1e9).toFixed(1)} GB, ${system}, Deno ${deno}`;
}

/** Facts about code, packages and machine that explain why two runs differ. */
export function provenanceFacts(provenance: Provenance | undefined): Record<string, unknown> {
  if (provenance === undefined) return {};
  const { git, lock, environment: { memory: _, device, variables, ...environment } } = provenance;
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

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
