// What happens with many experts, 2 to 32 of them? The BTS paper (arXiv 2502.00075) has 3, and leaves more to the future.
//
//     deno task run experiments/studies/many-experts.ts --preset quick
//
// The text is divided into as many discovered domains as the largest number of experts (C-BTM, arXiv 2303.14177), each with
// an expert of the same training. For every number n the first n of them are stitched, ensembled, routed, mixed and
// averaged, always together with the seed, and scored on the same held-out text of all domains.
import { experimentMain } from "../../lib/experiment/mod.ts";
import {
  labExperiment,
  type LabWith,
  measureCells,
  stitchedSpec,
  type Text,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../../lib/bts/mod.ts";
import type { CellResult, RunResults } from "../../lib/run/mod.ts";
import { checkBaselines } from "../baselines/check.ts";
import { buildCompared } from "../baselines/compare.ts";
import { manySpec } from "./groups/ensembles.ts";
import { gateUseCell } from "./groups/gate-use.ts";
import { groupedConfig, groupedCorpus, withSuffix } from "./groups/lab.ts";
import { packedCell } from "./groups/packed.ts";
import { groupNames, partitionCell } from "./groups/partition.ts";
import { type ManyConfig, manyDefinition } from "./many-experts/config.ts";
import type { Count } from "./many-experts/cells.ts";
import { reportMany } from "./many-experts/report.ts";

async function studyManyExperts(lab: LabWith<ManyConfig>): Promise<CellResult<RunResults>> {
  const counts = [...new Set(lab.config.counts)].sort((a, b) => a - b);
  const text = await tokenize(lab);
  const seed = await trainSeed(lab, text);

  // The domains, and an expert for each.
  const partition = await partitionCell(lab, "discovered", Math.max(...counts));
  const { names } = partition.value;
  const config = groupedConfig(lab.config, names);
  const grouped = { ...lab, config, corpus: groupedCorpus(lab.corpus, partition) };
  const groupedText = await tokenize({ ...grouped, run: withSuffix(lab.run, "groups") }, text);
  const experts = new Map<string, CellResult<Trained>>();
  for (const name of names) experts.set(name, await trainExpert(grouped, groupedText, seed, name));

  // All of them are trained on the groups' text, and measured on held-out text of the domains by hand.
  const whole = { ...lab, config };
  const [singles] = await measureCells(lab, groupedText, [manySpec(whole, groupedText, seed, experts, counts)]);
  const found: Count[] = [];
  for (const n of counts) found.push(await combine(whole, groupedText, { seed, experts }, n, lab.config.data));
  return await reportMany(lab, text, { partition, singles: singles!, found });
}

/** Combines the seed and the first `n` experts in every way, and measures all on the held-out text of `data`. */
async function combine(
  whole: LabWith<ManyConfig>,
  text: Text,
  { seed, experts }: {
    readonly seed: CellResult<Trained>;
    readonly experts: ReadonlyMap<string, CellResult<Trained>>;
  },
  n: number,
  data: ManyConfig["data"],
): Promise<Count> {
  const first = new Map([...experts].slice(0, n));
  const { built, baselines } = whole.config;
  const methods = built.includes(n) ? baselines.methods : [];
  const lab = {
    ...whole,
    run: withSuffix(whole.run, `n=${n}`),
    config: { ...whole.config, experts: [...first.keys()], baselines: { ...baselines, methods } },
  };
  const stitches = await trainStitches(lab, text, seed, first);
  const others = await buildCompared(lab, text, { seed, experts: first });
  const measuring = { ...lab, config: { ...lab.config, data } };
  const [stitched, ...measured] = await measureCells(measuring, text, [
    stitchedSpec(lab, text, seed, first, stitches),
    ...others.specs,
  ]);
  const use = await gateUseCell(measuring, text, { seed, experts: first, stitches });
  const packed = await packedCell(measuring, text, { seed, experts: first, stitches });
  return { n, stitches, stitched: stitched!, others: { trained: others.trained, measured }, use, packed };
}

export const manyExpertsExperiment = labExperiment({
  definition: manyDefinition,
  check(config) {
    // The names of the domains are not known before they are discovered.
    for (const n of config.counts) checkBaselines(groupedConfig(config, groupNames(Math.max(...config.counts)), n));
  },
  body: studyManyExperts,
});

if (import.meta.main) await experimentMain(manyExpertsExperiment);
