// Differences between methods, paired by document, from what the measuring cells kept.
import { join } from "node:path";
import { type DocumentLosses, pairedDifference } from "../eval/mod.ts";
import type { ComparisonRow } from "./tables.ts";

/** The file in a measuring cell's folder with every document's loss, by method and domain. */
export const LOSSES_FILE = "losses.json";

/** Losses by document: method, then domain. */
export type Losses = Readonly<Record<string, Readonly<Record<string, DocumentLosses>>>>;

/** What the cells measured, put together; `names` renames the methods of a cell. */
export async function readLosses(
  cells: readonly { readonly folder: string; readonly names?: Readonly<Record<string, string>> }[],
): Promise<Losses> {
  const losses: Record<string, Record<string, DocumentLosses>> = {};
  for (const { folder, names = {} } of cells) {
    const file = JSON.parse(await Deno.readTextFile(join(folder, LOSSES_FILE))) as Record<
      string,
      Record<string, { nll: number[]; bytes: number[] }>
    >;
    for (const [method, domains] of Object.entries(file)) {
      losses[names[method] ?? method] = Object.fromEntries(
        Object.entries(domains).map(([domain, { nll, bytes }]) => [
          domain,
          { nll: Float64Array.from(nll), bytes: Float64Array.from(bytes) },
        ]),
      );
    }
  }
  return losses;
}

/** The difference of two methods on one domain, or on the `mean` of all. */
export function compareMethods(losses: Losses, method: string, against: string, domain: string): ComparisonRow {
  const pick = (name: string) => domain === "mean" ? Object.values(losses[name]!) : [losses[name]![domain]!];
  const { value, low, high } = pairedDifference(pick(method), pick(against));
  return { method, against, domain, difference: value, low, high };
}

/**
 * `method` against every other one on every domain and their mean, and every expert against the seed and the other
 * experts on its own domain.
 */
export function comparisons(losses: Losses, method = "bts"): ComparisonRow[] {
  const domains = [...Object.keys(losses[method]!), "mean"];
  const others = Object.keys(losses).filter((name) => name !== method);
  const experts = others.filter((name) => name.startsWith("expert:"));
  return [
    ...others.flatMap((against) => domains.map((domain) => compareMethods(losses, method, against, domain))),
    ...experts.flatMap((expert) =>
      ["seed", ...experts].filter((rival) => rival !== expert)
        .map((rival) => compareMethods(losses, expert, rival, expert.slice("expert:".length)))
    ),
  ];
}
