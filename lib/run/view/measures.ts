// Reading results without knowing their measures: columns, names and texts for tables. Pure: the browser loads this file.
import type { MeasureInfo, Measurement, MethodResult, RunResults } from "../events/results.ts";

/** The group of the unweighted mean over all domains. */
export const MEAN = "mean";

/** The measurement that runs are compared by unless another is named: the paper's own measure, averaged over domains. */
export const HEADLINE = { name: "bpb", group: MEAN } as const;

/** Names a measurement within a method. */
type Place = Pick<Measurement, "name" | "group">;

/** The measurement of a method; undefined if it was not made. */
export function measurementOf(method: MethodResult | undefined, { name, group }: Place): Measurement | undefined {
  return method?.find((one) => one.name === name && one.group === group);
}

/** The value of a measurement, as {@linkcode measurementOf}. */
export function valueOf(method: MethodResult | undefined, place: Place): number | undefined {
  return measurementOf(method, place)?.value;
}

/** The headline's measure on one domain, or on `mean`. */
export function headlineOn(method: MethodResult | undefined, domain: string = HEADLINE.group): Measurement | undefined {
  return measurementOf(method, { name: HEADLINE.name, group: domain });
}

/** The headline of every method that has one. */
export function headlines({ methods }: Pick<RunResults, "methods">): Record<string, number> {
  return Object.fromEntries(
    Object.entries(methods).flatMap(([name, method]) => {
      const value = valueOf(method, HEADLINE);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Numbers of parameters that a method trains, keeps in memory, and uses per token. */
export interface MeasuredParameters {
  readonly trained: number;
  readonly total: number;
  readonly active: number;
}

/** The numbers of parameters of a method; undefined if one is missing. */
export function parametersOf(method: MethodResult | undefined): MeasuredParameters | undefined {
  const count = (group: string) => valueOf(method, { name: "parameters", group });
  const [trained, total, active] = [count("trained"), count("total"), count("active")];
  return trained === undefined || total === undefined || active === undefined ? undefined : { trained, total, active };
}

/** `bpb/code` or, without a group, `arithmetic`: the name of a metric after the method's. */
export function placeName({ name, group }: Place): string {
  return group === "" ? name : `${name}/${group}`;
}

/** Whether a measurement stands for its measure as a whole: the mean over domains, or the only one. */
export function isOverall({ group }: Place): boolean {
  return group === MEAN || group === "";
}

/** A measurement that methods have in common, as a column of a table. */
export interface MeasureColumn extends MeasureInfo {
  readonly group: string;
  /** As from {@linkcode placeName}. */
  readonly key: string;
  /** The column's heading: the group if there is one. */
  readonly heading: string;
  /** Null also if the values are from different machines, and so cannot be compared. */
  readonly better: Measurement["better"];
  /** The most samples that a method has; null if none has a number of samples. */
  readonly samples: number | null;
  /** The devices that it was measured on; empty if it does not depend on the machine. */
  readonly devices: readonly string[];
}

/**
 * The columns of results, in the order of their measures, then of their domains, the mean last.
 *
 * @param all of one run, or of several whose columns are united
 */
export function measureColumns(...all: readonly RunResults[]): MeasureColumn[] {
  const made = all.flatMap(({ methods }) => Object.values(methods).flat());
  const infos = new Map<string, MeasureInfo>();
  for (const info of all.flatMap(({ measures }) => measures)) if (!infos.has(info.name)) infos.set(info.name, info);
  const order = [...new Set([...infos.keys(), ...made.map(({ name }) => name)])];
  const byPlace = Map.groupBy(made, placeName);
  const rank = rankOf([...new Set(all.flatMap(({ domains }) => domains))]);
  return [...byPlace].map(([key, same]): MeasureColumn => {
    const { name, group, better } = same[0]!;
    const info = infos.get(name) ?? unknownMeasure(name);
    const samples = same.flatMap(({ samples }) => samples ?? []);
    const devices = [...new Set(same.flatMap(({ device }) => device ?? []))];
    return {
      ...info,
      group,
      key,
      heading: group === "" ? info.title : group,
      better: devices.length > 1 ? null : better,
      samples: samples.length === 0 ? null : Math.max(...samples),
      devices,
    };
  }).sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name) || rank(a.group) - rank(b.group));
}

/** Domains in their order, the mean after them; other groups as they come. */
function rankOf(domains: readonly string[]): (group: string) => number {
  return (group) => group === MEAN ? domains.length : domains.indexOf(group);
}

/** How a measure without a definition is shown. */
function unknownMeasure(name: string): MeasureInfo {
  return {
    name,
    title: name,
    table: name,
    format: "number",
    digits: 4,
    section: "scores",
    chance: null,
    machineDependent: false,
  };
}

/** Columns by the table that they belong to, in order. */
export function columnsByTable(columns: readonly MeasureColumn[]): Map<string, MeasureColumn[]> {
  return Map.groupBy(columns, ({ table }) => table);
}

/**
 * The columns of one table with everything: all groups of the headline's measure, and the others by their mean or only
 * value. Measures that consist of parts are left out.
 */
export function summaryColumns(...all: readonly RunResults[]): MeasureColumn[] {
  return measureColumns(...all).filter((column) => column.name === HEADLINE.name || isOverall(column));
}

/** The heading of a column in a table with several measures: `translation, %`, `calibration error, %`. */
export function summaryHeading({ name, group, title, format }: MeasureColumn): string {
  if (name === HEADLINE.name) return group;
  return isPercent({ format }) ? `${title}, %` : title;
}

/** Whether values are fractions that are shown in percent. */
export function isPercent({ format }: Pick<MeasureInfo, "format">): boolean {
  return format === "proportion" || format === "percent";
}

/** A value as it is shown: fractions in percent. */
export function shownValue(value: number, info: Pick<MeasureInfo, "format">): number {
  return isPercent(info) ? 100 * value : value;
}

/** `lower is better`, `higher is better`; undefined if neither is. */
export function directionText(columns: readonly MeasureColumn[]): string | undefined {
  const directions = new Set(columns.map(({ better }) => better));
  const [only] = directions;
  return directions.size === 1 && only ? `${only} is better` : undefined;
}

/** Results without the measurements that depend on the machine: equal for equal runs on any machine. */
export function reproducible(results: RunResults): RunResults {
  const dependent = new Set(results.measures.filter((info) => info.machineDependent).map(({ name }) => name));
  const methods = Object.entries(results.methods).map(([name, method]) =>
    [name, method.filter((one) => !dependent.has(one.name))] as const
  );
  return { ...results, methods: Object.fromEntries(methods) };
}
