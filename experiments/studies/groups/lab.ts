// The lab of a divided corpus: the same training text, where each group is a domain with an expert.
import type { Lab } from "../../../lib/bts/mod.ts";
import { byteLength, type Document, type LoadedCorpus } from "../../../lib/data/mod.ts";
import type { CellResult, CellRunner } from "../../../lib/run/mod.ts";
import type { Partition } from "./partition.ts";

type Settings = Lab["config"];

/** Where the text of a group comes from, in the settings of its cells. */
const SOURCE = "group";

/** The settings of a lab whose domains are groups, with an expert for each of the first `experts` groups. */
export function groupedConfig<Config extends Settings>(
  config: Config,
  names: readonly string[],
  experts = names.length,
): Config {
  const equal = Object.fromEntries(names.map((name) => [name, 1]));
  return {
    ...config,
    data: { ...config.data, domains: Object.fromEntries(names.map((name) => [name, SOURCE])) },
    experts: names.slice(0, experts),
    mix: { ...config.mix, seed: equal, stitch: equal },
  };
}

/**
 * The training text by group, without held-out text, which stays where it is. There is none while a run is planned and the
 * groups are not known.
 */
export function groupedCorpus(corpus: LoadedCorpus, { content, value: { names, train } }: CellResult<Partition>) {
  const groups = names.map((): Document[] => []);
  for (const [domain, { train: documents }] of Object.entries(corpus.documents)) {
    const places = train[domain];
    if (places === undefined) continue;
    let at = 0;
    for (const document of documents) groups[places[at++]!]!.push(document);
  }
  const none = { documents: 0, bytes: 0 };
  const byName = <T>(of: (documents: readonly Document[], name: string) => T) =>
    Object.fromEntries(names.map((name, group) => [name, of(groups[group]!, name)]));
  return {
    domains: names,
    documents: byName((train) => ({ train, validation: [], heldout: [] })),
    tasks: [],
    fingerprint: `${corpus.fingerprint} ${content}`,
    fingerprints: byName((_, name) => `${corpus.fingerprint} ${content} ${name}`),
    report: byName((train) => ({
      source: SOURCE,
      splits: {
        train: { documents: train.length, bytes: train.reduce((sum, { text }) => sum + byteLength(text), 0) },
        validation: none,
        heldout: none,
      },
      exactDuplicates: 0,
      nearDuplicates: 0,
      cut: 0,
      emptyFiles: 0,
      emptyTexts: 0,
      badRecords: 0,
      badFiles: 0,
    })),
  } satisfies LoadedCorpus;
}

/** The same cells under other names, so that a run can have them several times. */
export function withSuffix(run: CellRunner, suffix: string): CellRunner {
  return { ...run, cell: (spec, body) => run.cell({ ...spec, name: `${spec.name}:${suffix}` }, body) };
}
