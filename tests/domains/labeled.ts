// Built-in text of seven domains with its labels: what clusters should find again. Run alone, it prints the terms of each
// text as a line of JSON, for fixtures/make_clusters.py.
import { closeCorpus, dataConfigSchema, loadCorpus } from "../../lib/data/mod.ts";
import { termCounts } from "../../lib/domains/terms.ts";

/** The domains, in the order of their labels. */
export const LABELS = ["speeches", "novel", "compiler", "declarations", "arithmetic", "messages", "rights"] as const;

const EACH = 80;

/** Documents with the number of the domain that each is from. */
export async function labeledTexts(): Promise<{ readonly texts: string[]; readonly labels: number[] }> {
  const config = dataConfigSchema.parse({ domains: [...LABELS], trainBytes: 400_000 });
  const corpus = await loadCorpus(config, { seed: 1 });
  const texts: string[] = [], labels: number[] = [];
  for (const [label, name] of LABELS.entries()) {
    const { train } = corpus.documents[name]!;
    for (let at = 0; at < EACH; at++) {
      texts.push(train.at(at)!.text);
      labels.push(label);
    }
  }
  closeCorpus(corpus);
  return { texts, labels };
}

if (import.meta.main) {
  const { texts, labels } = await labeledTexts();
  texts.forEach((text, at) => console.log(JSON.stringify({ label: labels[at], terms: [...termCounts(text)] })));
}
