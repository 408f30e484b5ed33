// What differs between two plain values, setting by setting.

/** Something that both of two runs have, or one of them. `undefined` (left out in JSON): that run does not have it. */
export interface Difference {
  /** Key path: `train.seed.steps`, `versions.commit`, `bts/bpb/mean`. */
  readonly key: string;
  readonly a?: unknown;
  readonly b?: unknown;
}

/** The settings in which two configurations differ, by key path. */
export function configDifferences(a: unknown, b: unknown): Difference[] {
  return differences(leavesOf(a), leavesOf(b));
}

/** The leaves of a plain value by key path. An empty list or object is a leaf, and so is a list of plain values. */
export function leavesOf(value: unknown, path = "", leaves = new Map<string, unknown>()): Map<string, unknown> {
  const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== "object" || item === null);
  if (members.length === 0 || isPlainList) leaves.set(path, value);
  else for (const [key, member] of members) leavesOf(member, path === "" ? key : `${path}.${key}`, leaves);
  return leaves;
}

/** The keys whose values differ, or that only one side has. */
export function differences(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): Difference[] {
  return keysOf([a, b])
    .filter((key) => a.has(key) !== b.has(key) || JSON.stringify(a.get(key)) !== JSON.stringify(b.get(key)))
    .map((key) => ({ key, ...(a.has(key) ? { a: a.get(key) } : {}), ...(b.has(key) ? { b: b.get(key) } : {}) }));
}

/** The keys of several values' leaves, without a group that is empty wherever it is a leaf: elsewhere it has members. */
export function keysOf(sides: readonly ReadonlyMap<string, unknown>[]): string[] {
  const keys = [...new Set(sides.flatMap((side) => [...side.keys()]))];
  return keys.filter((key) =>
    !sides.every((side) => !side.has(key) || isEmptyGroup(side.get(key))) ||
    !keys.some((other) => other !== key && (key === "" || other.startsWith(`${key}.`)))
  );
}

function isEmptyGroup(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
