// Canonical JSON: the same text for the same value, so that equal inputs hash to equal keys.

/**
 * The canonical JSON of a plain value: keys sorted, no whitespace, `undefined` properties left out.
 *
 * @throws TypeError with the path of anything that JSON cannot represent exactly (NaN, infinity, a Map, a function, …)
 */
export function canonicalJson(value: unknown): string {
  return write(value, "$", []);
}

function write(value: unknown, path: string, above: readonly unknown[]): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`Cannot write ${value} at ${path} as canonical JSON`);
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw new TypeError(`Cannot write a ${typeof value} at ${path} as canonical JSON`);
  if (above.includes(value)) throw new TypeError(`Cannot write a cycle at ${path} as canonical JSON`);
  const within = [...above, value];
  if (Array.isArray(value)) return `[${value.map((item, i) => write(item, `${path}[${i}]`, within)).join(",")}]`;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(
      `Cannot write a ${prototype.constructor?.name ?? "class instance"} at ${path} as canonical JSON`,
    );
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${JSON.stringify(key)}:${write(member, `${path}.${key}`, within)}`);
  return `{${members.join(",")}}`;
}
