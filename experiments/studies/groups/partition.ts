// The cell that divides a corpus into groups, one for each expert: by hand, as clusters, or at random.
import { z } from "zod";
import type { Lab } from "../../../lib/bts/mod.ts";
import { adjustedRandIndex, clusterTexts } from "../../../lib/domains/mod.ts";
import { random } from "../../../lib/random.ts";
import { type CellContext, type CellResult, numberColumn, textColumn } from "../../../lib/run/mod.ts";
import { type Unit, unitsOf } from "./units.ts";

/** Ways to divide text. */
export const DIVISIONS = ["by hand", "discovered", "random"] as const;

/** `by hand`: the corpus's own domains; `discovered`: balanced clusters by tf-idf; `random`: groups of units at random. */
export type Division = (typeof DIVISIONS)[number];

/** Schema of {@linkcode Partition}. */
export const partitionSchema = z.strictObject({
  /** Of the groups: of domains by hand their own, otherwise numbers, which a plan knows before the groups are found. */
  names: z.array(z.string()),
  /** By domain, the group of each training document and of each held-out document. */
  train: z.record(z.string(), z.array(z.int())),
  heldout: z.record(z.string(), z.array(z.int())),
  /** Adjusted Rand index of the groups and the domains, over units of training text. */
  randIndex: z.number(),
});

/** Which group every document is in. */
export type Partition = z.infer<typeof partitionSchema>;

/** Divides the training and the held-out documents. Groups are found in training text alone. */
export function partitionCell(lab: Lab, division: Division, count: number): Promise<CellResult<Partition>> {
  const { corpus, rngSeed } = lab;
  return lab.run.cell({
    name: `domains:${division}`,
    title: `Domains ${division}`,
    description: "Which of the groups each document is in; every group has an expert.",
    inputs: { kind: "partition", division, count, data: corpus.fingerprint, rngSeed },
    code: import.meta,
    output: partitionSchema,
    expected: () => ({ names: namesOf(lab, division, count), train: {}, heldout: {}, randIndex: 0 }),
  }, async (cell) => {
    const units = corpus.domains.flatMap((domain) => unitsOf(domain, corpus.documents[domain]!.train));
    const heldout = corpus.domains.flatMap((domain) =>
      corpus.documents[domain]!.heldout.map(({ text }) => ({ domain, text }))
    );
    const { names, terms, ofUnits, ofHeldout } = await divided(lab, division, count, units, heldout);
    const randIndex = adjustedRandIndex(ofUnits, units.map(({ domain }) => corpus.domains.indexOf(domain)));
    cell.summary(`${units.length} units of text; adjusted Rand index with the domains: ${randIndex.toFixed(3)}`);
    showGroups(cell, { names, terms }, units, ofUnits);
    return {
      names,
      train: byDomain(units.flatMap(({ domain, documents }, i) => Array(documents).fill([domain, ofUnits[i]!]))),
      heldout: byDomain(heldout.map(({ domain }, i) => [domain, ofHeldout[i]!])),
      randIndex,
    };
  });
}

function namesOf({ corpus }: Lab, division: Division, count: number): string[] {
  return division === "by hand" ? [...corpus.domains] : groupNames(count);
}

/** Names of groups that nobody has named. */
export const groupNames = (count: number): string[] => Array.from({ length: count }, (_, at) => `group-${at + 1}`);

interface Divided {
  readonly names: string[];
  /** What is typical of each group, if it is known. */
  readonly terms?: readonly string[] | undefined;
  readonly ofUnits: number[];
  readonly ofHeldout: number[];
}

async function divided(
  lab: Lab,
  division: Division,
  count: number,
  units: readonly Unit[],
  heldout: readonly { readonly domain: string; readonly text: string }[],
): Promise<Divided> {
  const { corpus: { domains }, rngSeed } = lab;
  const names = namesOf(lab, division, count);
  switch (division) {
    case "by hand": {
      const own = ({ domain }: { readonly domain: string }) => domains.indexOf(domain);
      return { names, ofUnits: units.map(own), ofHeldout: heldout.map(own) };
    }
    case "discovered": {
      const texts = (all: readonly { readonly text: string }[]) => all.map(({ text }) => text);
      const clusters = await clusterTexts(texts(units), { count, seed: rngSeed, balanced: true });
      return {
        names,
        terms: clusters.names,
        ofUnits: await clusters.assign(texts(units)),
        ofHeldout: await clusters.assign(texts(heldout)),
      };
    }
    case "random": {
      // Equally many in each group, give or take one.
      const drawn = (kind: string, { length }: readonly unknown[]) =>
        random(rngSeed, "groups", kind).shuffle(Array.from({ length }, (_, at) => at % count));
      return { names, ofUnits: drawn("units", units), ofHeldout: drawn("heldout", heldout) };
    }
  }
}

function byDomain(places: readonly (readonly [domain: string, group: number])[]): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const [domain, group] of places) (found[domain] ??= []).push(group);
  return found;
}

/** A table of the groups: their size, and the domains that they are from. */
function showGroups(
  cell: CellContext,
  { names, terms }: Pick<Divided, "names" | "terms">,
  units: readonly Unit[],
  groups: readonly number[],
) {
  cell.table({
    name: "groups",
    title: "Groups of training text",
    columns: [
      textColumn("name", "group"),
      ...(terms === undefined ? [] : [textColumn("terms", "terms")]),
      numberColumn("units", "units", 0),
      numberColumn("characters", "characters", 0),
      textColumn("domains", "from"),
    ],
    rows: names.map((name, group) => {
      const own = units.filter((_, at) => groups[at] === group);
      const counts = [...Map.groupBy(own, ({ domain }) => domain)].sort(([, a], [, b]) => b.length - a.length);
      return {
        name,
        ...(terms === undefined ? {} : { terms: terms[group]! }),
        units: own.length,
        characters: own.reduce((sum, { text }) => sum + text.length, 0),
        domains: counts.map(([domain, all]) => `${domain} ${(100 * all.length / own.length).toFixed(0)} %`).join(", "),
      };
    }),
  });
}
