// What differs between two runs: configuration, how they were made, and what came out.
import type { Provenance } from "../events/provenance.ts";
import { provenanceFacts, type RunView, shellLine } from "../view/mod.ts";

/** One thing that both runs have, or one of them. `undefined` (left out in JSON): that run does not have it. */
export interface Difference {
  /** Where: `train.seed.steps`, `versions.commit`, `bts/bpb/mean`. */
  readonly key: string;
  readonly a?: unknown;
  readonly b?: unknown;
}

/** Two runs side by side. */
export interface RunDiff {
  readonly a: string;
  readonly b: string;
  /** Settings that differ, by key path. */
  readonly config: readonly Difference[];
  /** Experiment, preset, seed, device, command, versions, code, packages and machine, where they differ. */
  readonly made: readonly Difference[];
  /** Cells by name whose content addresses differ: these were not shared. */
  readonly cells: readonly Difference[];
  /** Every result of either run, equal ones too: `<method>/bpb/<domain>`, `<method>/<task>`. */
  readonly results: readonly { readonly key: string; readonly a: number | null; readonly b: number | null }[];
}

/** The settings in which two configurations differ, by key path. */
export function configDifferences(a: unknown, b: unknown): Difference[] {
  return differences(flatten(a), flatten(b));
}

/**
 * Compares two runs.
 *
 * @param captured how each was made, where both were kept
 */
export function diffRuns(
  a: RunView,
  b: RunView,
  captured: readonly [Provenance | undefined, Provenance | undefined] = [undefined, undefined],
): RunDiff {
  const facts = captured.includes(undefined) ? [{}, {}] : captured.map(provenanceFacts);
  const [inA, inB] = [numbersOf(a), numbersOf(b)];
  const keys = [...new Set([...inA.keys(), ...inB.keys()])];
  return {
    a: a.id,
    b: b.id,
    config: configDifferences(a.config, b.config),
    made: differences(flatten({ ...madeOf(a), ...facts[0] }), flatten({ ...madeOf(b), ...facts[1] })),
    cells: differences(keysOf(a), keysOf(b)),
    results: keys.map((key) => ({ key, a: inA.get(key) ?? null, b: inB.get(key) ?? null })),
  };
}

function madeOf({ experiment, preset, seed, device, command, versions, status }: RunView) {
  return { experiment, preset, seed, device, status, command: shellLine(command), versions };
}

function keysOf({ cells }: RunView): Map<string, unknown> {
  return new Map(cells.filter(({ cellKey }) => cellKey !== "").map(({ name, cellKey }) => [name, cellKey]));
}

function numbersOf({ results }: RunView): Map<string, number> {
  return new Map(
    Object.entries(results?.methods ?? {}).flatMap(([method, { bpb, tasks }]): [string, number][] => [
      ...Object.entries(bpb).map(([domain, value]): [string, number] => [`${method}/bpb/${domain}`, value]),
      ...Object.entries(tasks).map(([task, { value }]): [string, number] => [`${method}/${task}`, value]),
    ]),
  );
}

/** The leaves of a JSON value by their path; an empty list or object is a leaf, and so is a list of plain values. */
function flatten(value: unknown, path = "", leaves = new Map<string, unknown>()): Map<string, unknown> {
  const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const plainList = Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
  if (members.length === 0 || plainList) leaves.set(path, value);
  else for (const [key, member] of members) flatten(member, path === "" ? key : `${path}.${key}`, leaves);
  return leaves;
}

function differences(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): Difference[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((key) => a.has(key) !== b.has(key) || JSON.stringify(a.get(key)) !== JSON.stringify(b.get(key)))
    .map((key) => ({ key, ...(a.has(key) ? { a: a.get(key) } : {}), ...(b.has(key) ? { b: b.get(key) } : {}) }));
}
