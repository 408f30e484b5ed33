// What a study says of its question: the table `directions` that it logged, in words.
import type { RunView, Table } from "../run/mod.ts";
import type { Claim } from "./claims.ts";
import { sizes } from "./wording.ts";

const isDirections = ({ name }: Table) => name === "directions";

/** What the study asks, as the cell that answers says it; undefined in a run that is no study or has no results. */
export function questionOf({ cells, results }: RunView): string | undefined {
  if (results === null) return undefined;
  return cells.find(({ tables }) => tables.some(isDirections))?.description || undefined;
}

/**
 * A study's directions as claims. The columns are `claim`, `paper`, `here` (yes, no or unclear), `on`, and `difference`,
 * `low`, `high`: bits per byte of the better method by the claim minus those of the other.
 */
export function directionClaims({ cells }: RunView): Claim[] {
  const rows = cells.flatMap(({ tables }) => tables).findLast(isDirections)?.rows ?? [];
  return rows.flatMap(({ claim, paper, here, on, difference, low, high }) => {
    if (here !== "yes" && here !== "no" && here !== "unclear") return [];
    if (typeof difference !== "number" || typeof low !== "number" || typeof high !== "number") return [];
    const { by, bracket, size } = sizes(-difference, [-high, -low]);
    const side = (value: number) => value === 0 ? "0" : `${size(value)} ${value > 0 ? "ahead" : "behind"}`;
    const found = here === "unclear"
      ? `less than the noise, 95 % interval from ${side(-high)} to ${side(-low)}`
      : `${by} ${here === "yes" ? "ahead" : "behind"}${bracket}`;
    const where = on === "mean" ? "" : ` (on ${on})`;
    const said = typeof paper !== "string" || paper === "not said" ? "" : ` The paper: ${paper}.`;
    return [{ holds: here, text: `${claim}${where}: ${found}.${said}` }];
  });
}
