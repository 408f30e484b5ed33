// Which domains deserve an expert: those that people name, those that are discovered, or any?
//
//     deno task run experiments/studies/domains.ts --preset quick
//
// The same training text is divided in three ways into as many groups as there are domains: by hand, as the clusters that
// C-BTM finds (arXiv 2303.14177), and at random. Each group trains an expert for the same number of tokens. The seed, the
// tokenizer, the batches that the stitches are trained on and the held-out text are the same in all three arms, and no
// arm has seen held-out text: it is set aside before the rest is divided.
import {
  baselinesSpec,
  type BtsConfig,
  checkBts,
  compareMethods,
  comparisons,
  comparisonsTable,
  type Lab,
  labExperiment,
  type Losses,
  measureCells,
  type Measured,
  readLosses,
  resultsOf,
  stitchedSpec,
  type Text,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../../lib/bts/mod.ts";
import { bitsPerByteOf } from "../../lib/eval/mod.ts";
import { experimentMain } from "../../lib/experiment/mod.ts";
import {
  type CellResult,
  type MeasureInfo,
  type MethodResult,
  resultsTable,
  type RunResults,
  runResultsSchema,
} from "../../lib/run/mod.ts";
import {
  type Direction,
  direction,
  directionsTable,
  type StitchedVariant,
  studyDefinition,
  variantFlops,
  variantsTable,
} from "../../lib/study/mod.ts";
import { groupedConfig, groupedCorpus, withSuffix } from "./groups/lab.ts";
import { ownExpertLosses, scoredGroups } from "./groups/own.ts";
import { type Division, DIVISIONS, type Partition, partitionCell } from "./groups/partition.ts";
import { groupPresets } from "./groups/presets.ts";

/** The methods of each arm, as results name them. */
const named = {
  bts: (division: Division) => `BTS, ${division}`,
  btm: (division: Division) => `BTM, ${division}`,
  soup: (division: Division) => `Soup, ${division}`,
  own: (division: Division) => `Own expert, ${division}`,
} as const;

export const domainsStudy = {
  name: "domains",
  title: "Domains by hand, discovered and random",
  question: "Which domains deserve an expert: those that people name, those that are discovered, or any?",
  directions: (_: BtsConfig): Direction[] => [
    direction("BTS: domains by hand are better than random ones", named.bts("by hand"), named.bts("random")),
    direction("BTS: discovered domains are better than random ones", named.bts("discovered"), named.bts("random")),
    direction("BTS: domains by hand are better than discovered ones", named.bts("by hand"), named.bts("discovered")),
    direction("BTM: discovered domains are better than random ones", named.btm("discovered"), named.btm("random")),
    direction("BTM: domains by hand are better than discovered ones", named.btm("by hand"), named.btm("discovered")),
    direction("Soup: discovered domains are better than random ones", named.soup("discovered"), named.soup("random")),
    direction("BTS on random groups is better than the seed", named.bts("random"), "seed"),
  ],
};

/** One way to divide the text, with all that was trained and measured of it. */
interface Arm {
  readonly division: Division;
  readonly partition: CellResult<Partition>;
  readonly baselines: CellResult<Measured>;
  readonly stitched: StitchedVariant;
}

async function studyDomains(lab: Lab): Promise<CellResult<RunResults>> {
  const text = await tokenize(lab);
  const seed = await trainSeed(lab, text);
  const arms: Arm[] = [];
  for (const division of DIVISIONS) arms.push(await runArm(lab, text, seed, division));
  return await report(lab, text, arms);
}

async function runArm(lab: Lab, text: Text, seed: CellResult<Trained>, division: Division): Promise<Arm> {
  const partition = await partitionCell(lab, division, lab.config.experts.length);
  const { names } = partition.value;

  // An expert for each group, on the group's text.
  const run = withSuffix(lab.run, division);
  const grouped: Lab = {
    ...lab,
    run,
    config: groupedConfig(lab.config, names),
    corpus: groupedCorpus(lab.corpus, partition),
  };
  const groupedText = await tokenize(grouped, text);
  const experts = new Map<string, CellResult<Trained>>();
  for (const name of names) experts.set(name, await trainExpert(grouped, groupedText, seed, name));

  // Everything else on the same text in all arms.
  const own: Lab = { ...lab, run, config: { ...lab.config, experts: names } };
  const trained = await trainStitches(own, text, seed, experts);
  const [baselines, measured] = await measureCells(own, text, [
    baselinesSpec(own, text, seed, experts),
    stitchedSpec(own, text, seed, experts, trained),
  ]);
  const flops = variantFlops(own, text);
  return {
    division,
    partition,
    baselines: baselines!,
    stitched: { name: named.bts(division), trained, measured: measured!, flops },
  };
}

const RAND_INDEX: MeasureInfo = {
  name: "rand-index",
  title: "adjusted Rand index",
  table: "Agreement of the experts' groups with the domains by hand",
  format: "number",
  digits: 3,
  section: "scores",
  chance: 0,
  machineDependent: false,
};

function report(lab: Lab, text: Text, arms: readonly Arm[]): Promise<CellResult<RunResults>> {
  const directions = domainsStudy.directions(lab.config);
  return lab.run.cell({
    name: "report",
    title: "Report",
    description: domainsStudy.question,
    inputs: {
      kind: "domains",
      directions,
      cells: arms.flatMap(({ partition, baselines, stitched }) => [partition, baselines, stitched.measured])
        .map(({ key }) => key),
    },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const methods: Record<string, MethodResult> = { seed: arms[0]!.baselines.value.methods["seed"]! };
    let losses: Losses = {};
    for (const { division, partition, baselines, stitched } of arms) {
      const all = await readLosses([baselines, stitched.measured]);
      const own = ownExpertLosses(all, await scoredGroups(lab, text, partition.value), partition.value.names);
      losses = {
        ...losses,
        seed: all["seed"]!,
        [named.soup(division)]: all["soup"]!,
        [named.own(division)]: own!,
        [named.btm(division)]: all["btm"]!,
        [named.bts(division)]: all["bts"]!,
      };
      methods[named.soup(division)] = baselines.value.methods["soup"]!;
      methods[named.own(division)] = bitsPerByteOf(own!);
      methods[named.btm(division)] = baselines.value.methods["btm"]!;
      methods[named.bts(division)] = [...stitched.measured.value.methods["bts"]!, {
        name: RAND_INDEX.name,
        group: "",
        value: partition.value.randIndex,
        interval: null,
        samples: null,
        better: null,
      }];
    }
    const cells = arms.flatMap(({ baselines, stitched }) => [baselines, stitched.measured]);
    const found = resultsOf(lab.corpus.domains, cells, methods);
    const results = { ...found, measures: [...found.measures, RAND_INDEX] };
    const [first] = arms;
    cell.table(resultsTable(results));
    cell.table(variantsTable(results, arms.map(({ stitched }) => stitched)));
    cell.table(comparisonsTable(comparisons(losses, first!.stitched.name)));
    cell.table(directionsTable(
      directions.map((one) => ({ ...one, found: compareMethods(losses, one.better, one.worse, one.on) })),
    ));
    return results;
  });
}

export const domainsExperiment = labExperiment({
  definition: { ...studyDefinition(domainsStudy), presets: groupPresets },
  check: checkBts,
  body: studyDomains,
});

if (import.meta.main) await experimentMain(domainsExperiment);
