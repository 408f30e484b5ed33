// Held-out documents by group: how methods do on the text of the experts' own domains.
import { evaluationSet, type Lab, type Losses, readTokenizer, type Text } from "../../../lib/bts/mod.ts";
import { openTokenizer } from "../../../lib/data/mod.ts";
import type { DocumentLosses } from "../../../lib/run/mod.ts";
import type { Partition } from "./partition.ts";

/** By domain, the group of each held-out document that is scored, in the order of the losses. */
export type ScoredGroups = Readonly<Record<string, readonly number[]>>;

/** The groups of the documents that are scored: with little budget not all of them are. */
export async function scoredGroups(lab: Lab, text: Text, { heldout }: Partition): Promise<ScoredGroups> {
  const tokenizer = openTokenizer(await readTokenizer(text), { rows: text.value.vocabSize });
  const { windows } = evaluationSet(lab, tokenizer);
  return Object.fromEntries(
    Object.entries(windows).map(([domain, own]) => [
      domain,
      [...new Set(own.map(({ document }) => document))].sort((a, b) => a - b).map((at) => heldout[domain]![at]!),
    ]),
  );
}

/** The losses of the experts, of each document by the expert of its own group. */
export function ownExpertLosses(losses: Losses, groups: ScoredGroups, names: readonly string[]): Losses[string] {
  return Object.fromEntries(
    Object.entries(groups).map(([domain, own]) => {
      const ofGroup = (group: number) => losses[`expert:${names[group]}`]![domain]!;
      return [domain, {
        nll: Float64Array.from(own, (group, at) => ofGroup(group).nll[at]!),
        bytes: ofGroup(0).bytes,
      }];
    }),
  );
}

/** The losses of a method on the documents of the first `experts` groups, of all domains together. */
export function lossesOnOwn(losses: Losses[string], groups: ScoredGroups, experts: number): DocumentLosses {
  const chosen = Object.entries(groups).flatMap(([domain, own]) =>
    own.flatMap((group, at) => group < experts ? [[losses[domain]!.nll[at]!, losses[domain]!.bytes[at]!] as const] : [])
  );
  return {
    nll: Float64Array.from(chosen, ([nll]) => nll),
    bytes: Float64Array.from(chosen, ([, bytes]) => bytes),
  };
}
