// The provenance of a run as tables: code, packages and machine of each process, and settings with their sources.
import {
  codeText,
  type Labels,
  leftOutLines,
  machineText,
  markedSettings,
  type Provenance,
  type RunView,
  shellLine,
  SOURCE_NAMES,
} from "../run/mod.ts";
import type { Grid } from "./grid.ts";

/** What is known of a run beside its log. */
export interface AboutRun {
  readonly labels: Labels;
  /** Of each process that worked on the run, in order. */
  readonly provenance: readonly Provenance[];
}

/** Code, packages and machine of each process that worked on a run. */
export function processGrids(provenance: readonly Provenance[]): Grid[] {
  return provenance.map((one, at) => ({
    caption: provenance.length === 1
      ? "Code, packages and machine"
      : `Process ${at + 1} of ${provenance.length}, ${one.time}`,
    columns: plainColumns(["what", "value"]),
    rows: factsOf(one).map((row) => row.map((text) => ({ text }))),
  }));
}

/** Names and values of what is known of one process. */
function factsOf(one: Provenance): [string, string][] {
  const { git, lock, process, environment: { device, variables, v8, typescript } } = one;
  const sha = (bytes: number, hash: string) => `${bytes} bytes, SHA-256 ${hash}`;
  return [
    ["code", codeText(one)],
    ...(git === null ? [] : [["commit", git.commit] satisfies [string, string]]),
    ...(git !== null && git.diff.bytes > 0
      ? [["uncommitted changes", sha(git.diff.bytes, git.diff.sha256)] satisfies [string, string]]
      : []),
    ...(git?.untracked === undefined
      ? []
      : leftOutLines(git.untracked).map((line): [string, string] => ["left out", line])),
    ["script", shellLine([process.script, ...process.arguments])],
    ["folder", process.folder],
    ["deno.lock", lock === null ? "none" : sha(lock.bytes, lock.sha256)],
    ["machine", machineText(one)],
    ["engines", `V8 ${v8}, TypeScript ${typescript}`],
    ...(device === null ? [] : [
      ["device", `${device.description}; ${device.numerics}; ${device.threads} threads`] satisfies [string, string],
    ]),
    ...Object.entries(variables).map(([name, value]): [string, string] => [`$${name}`, value]),
  ];
}

/**
 * Every setting with its source.
 *
 * @param last of the last process; if it is unknown, so are the sources
 */
export function settingsGrid({ config }: RunView, last: Provenance | undefined): Grid {
  return {
    caption: "Settings",
    columns: plainColumns(last === undefined ? ["setting", "value"] : ["setting", "value", "from"]),
    rows: markedSettings(config, last?.sources ?? {}).map(({ key, value, source }) => [
      { text: key },
      { text: JSON.stringify(value) ?? "" },
      ...(last === undefined ? [] : [{ text: SOURCE_NAMES[source] }]),
    ]),
  };
}

/** Columns of texts that may be long. */
const plainColumns = (titles: readonly string[]) =>
  titles.map((title, at) => ({ title, numeric: false, ...(at === 1 ? { ids: true } : {}) }));
