// Differences between methods, paired by document, from the losses that measuring cells saved.
import { join } from "node:path";
import { ANSWERS_FILE, type DocumentLosses, LOSSES_FILE, pairedDifference, pairedShareDifference } from "../run/mod.ts";
import type { ComparisonRow, TaskComparisonRow } from "./tables.ts";

/** Whether each question was answered correctly, by method and task. */
export type Answers = Readonly<Record<string, Readonly<Record<string, readonly boolean[]>>>>;

/** Losses per document, by method and domain. */
export type Losses = Readonly<Record<string, Readonly<Record<string, DocumentLosses>>>>;

/**
 * The losses of several cells.
 *
 * @param cells with `names`, the cell's methods are renamed
 */
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

/** The difference between two methods on one domain, or on `mean`, the mean over all domains. */
export function compareMethods(losses: Losses, method: string, against: string, domain: string): ComparisonRow {
  const pick = (name: string) => domain === "mean" ? Object.values(losses[name]!) : [losses[name]![domain]!];
  const { value, low, high } = pairedDifference(pick(method), pick(against));
  return { method, against, domain, difference: value, low, high };
}

/**
 * Compares `method` with every other method, on every domain and the mean, and each expert with the seed and the other
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

/** The answers of several cells. */
export async function readAnswers(cells: readonly { readonly folder: string }[]): Promise<Answers> {
  const files = await Promise.all(cells.map(({ folder }) => Deno.readTextFile(join(folder, ANSWERS_FILE))));
  return Object.assign({}, ...files.map((text) => JSON.parse(text) as Answers));
}

/** Compares every method with the seed on every task, paired by question, in the order of the methods. */
export function taskComparisons(answers: Answers, against = "seed"): TaskComparisonRow[] {
  const base = answers[against] ?? {};
  return Object.entries(answers).filter(([method]) => method !== against).flatMap(([method, tasks]) =>
    Object.keys(base).flatMap((task) => {
      if (!Object.hasOwn(tasks, task)) return [];
      const { value, low, high, samples } = pairedShareDifference(tasks[task]!, base[task]!);
      return [{ method, against, task, difference: 100 * value, low: 100 * low, high: 100 * high, questions: samples }];
    })
  );
}
