// JSON that does not depend on the order of keys, and its hash.
import { createHash } from "node:crypto";

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, one) =>
      typeof one === "object" && one !== null && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => a < b ? -1 : 1))
        : one,
  );
}

/** Hexadecimal SHA-256 of a JSON value; the order of keys does not matter. */
export function jsonHash(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}
