// A study's answers to its question: its table `directions`, in words.
import type { RunView, Table } from "../run/mod.ts";
import { type Claim, sizes } from "./wording.ts";

const isDirections = ({ name }: Table) => name === "directions";

/** What the table says if the paper reports nothing, now and in runs of older versions. */
const NO_RESULT: readonly string[] = ["no result", "not said"];

/** The question of a study, from the cell that answers it; undefined for other runs and until there are results. */
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
    if (typeof difference !== "number") return [];
    const interval = typeof low === "number" && typeof high === "number" ? [-high, -low] as const : undefined;
    const { by, bracket, size } = sizes(-difference, interval);
    const side = (value: number) => value === 0 ? "0" : `${size(value)} ${value > 0 ? "ahead" : "behind"}`;
    const found = interval === undefined
      ? `${by} ${difference > 0 ? "behind" : "ahead"}, with too few held-out documents for a 95 % interval`
      : here === "unclear"
      ? `no clear difference, 95 % interval from ${side(interval[0])} to ${side(interval[1])}`
      : `${by} ${here === "yes" ? "ahead" : "behind"}${bracket}`;
    const where = on === "mean" ? "" : ` (on ${on})`;
    const said = typeof paper !== "string" || NO_RESULT.includes(paper) ? "" : ` The paper: ${paper}.`;
    return [{ holds: here, text: `${claim}${where}: ${found}.${said}` }];
  });
}
