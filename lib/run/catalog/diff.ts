// What differs between two runs: configuration, provenance, and results.
import { configDifferences, type Difference, differences } from "../config/differences.ts";
import type { Provenance } from "../events/provenance.ts";
import type { MeasureInfo } from "../events/results.ts";
import { placeName, provenanceFacts, type RunView, shellLine } from "../view/mod.ts";

/** Two runs side by side. */
export interface RunDiff {
  readonly a: string;
  readonly b: string;
  /** Settings that differ, by key path. */
  readonly config: readonly Difference[];
  /** Differences in provenance: experiment, preset, seed, device, command, versions, code, packages and machine. */
  readonly made: readonly Difference[];
  /** Cells by name whose content addresses differ: the runs do not share these. */
  readonly cells: readonly Difference[];
  /** Every result of either run, including equal ones: `<method>/<measure>/<domain>`, `<method>/<task>`. */
  readonly results: readonly ResultPair[];
}

/** A result of two runs. */
export interface ResultPair {
  readonly key: string;
  readonly a: number | null;
  readonly b: number | null;
  /** How its measure is written; `number` if its definition was not logged. */
  readonly format: MeasureInfo["format"];
  /** Whether it may differ between equal runs, because it depends on the machine and its load. */
  readonly machineDependent: boolean;
}

/**
 * Compares two runs.
 *
 * @param provenance of each; it is compared where both have one
 */
export function diffRuns(
  a: RunView,
  b: RunView,
  provenance: readonly [Provenance | undefined, Provenance | undefined] = [undefined, undefined],
): RunDiff {
  const [factsA, factsB] = provenance.includes(undefined) ? [{}, {}] : provenance.map(provenanceFacts);
  const [inA, inB] = [numbersOf(a), numbersOf(b)];
  const keys = [...new Set([...inA.keys(), ...inB.keys()])];
  return {
    a: a.id,
    b: b.id,
    config: configDifferences(a.config, b.config),
    made: configDifferences({ ...loggedFacts(a), ...factsA }, { ...loggedFacts(b), ...factsB }),
    cells: differences(keysOf(a), keysOf(b)),
    results: keys.map((key) => {
      const [x, y] = [inA.get(key), inB.get(key)];
      const { format, machineDependent } = (x ?? y)!;
      return { key, a: x?.value ?? null, b: y?.value ?? null, format, machineDependent };
    }),
  };
}

/** The part of a run's provenance that its log holds. */
export function loggedFacts({ experiment, preset, seed, device, command, versions, status }: RunView) {
  return { experiment, preset, seed, device, status, command: shellLine(command), versions };
}

function keysOf({ cells }: RunView): Map<string, unknown> {
  return new Map(cells.filter(({ cellKey }) => cellKey !== "").map(({ name, cellKey }) => [name, cellKey]));
}

/** A result of a run, with what its measure says about it. */
export interface NumberOfRun {
  readonly value: number;
  readonly format: MeasureInfo["format"];
  readonly machineDependent: boolean;
  readonly better: "lower" | "higher" | null;
}

/** Every result of a run by `<method>/<measure>/<domain>`. */
export function numbersOf({ results }: RunView): Map<string, NumberOfRun> {
  const infos = new Map(results?.measures.map((info) => [info.name, info]));
  return new Map(
    Object.entries(results?.methods ?? {}).flatMap(([method, list]) =>
      list.map((one) => {
        const { format = "number", machineDependent = false } = infos.get(one.name) ?? {};
        return [`${method}/${placeName(one)}`, {
          value: one.value,
          format,
          machineDependent,
          better: one.better,
        }] as const;
      })
    ),
  );
}
