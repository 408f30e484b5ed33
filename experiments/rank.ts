// Which domains deserve an expert? Short probes from the seed say so before experts are trained.
//
//     deno task domains rank --with domains --budget 300000 --out chosen.yaml
//
// Copies of the seed are trained on each candidate for a few steps and measured on held-out text of all domains. Experts
// are then chosen greedily by what they gain together.
import { join } from "node:path";
import { UserError } from "../lib/errors.ts";
import {
  checkBts,
  isBrought,
  type LabData,
  labExperiment,
  type LabWith,
  readLosses,
  tokenize,
  trainSeed,
} from "../lib/bts/mod.ts";
import {
  bestGains,
  type Choice,
  choiceTable,
  chooseExperts,
  gainMatrixTable,
  gainsTable,
  probeGains,
  rankingTable,
  rankingText,
  stitchMix,
  stitchMixTable,
} from "../lib/domains/mod.ts";
import { type Experiment, experimentMain } from "../lib/experiment/mod.ts";
import { type CellResult, type RunResults, runResultsSchema } from "../lib/run/mod.ts";
import { checkDocuments, checkTokens } from "./rank/check-documents.ts";
import { checkOut, chosenConfig, writeConfig } from "./rank/chosen-config.ts";
import { type RankConfig, type rankConfigSchema, rankDefinition } from "./rank/config.ts";
import { probeAll, type Probed, shortProbesText, tokensOf } from "./rank/probes.ts";
import { bitsPerByteResults, meanProbes, probeLosses } from "./rank/results.ts";

type RankLab = LabWith<RankConfig>;

/** The report's file with what was chosen. */
const CHOICE_FILE = "choice.json";
interface Chosen {
  readonly experts: readonly string[];
  readonly mix: Readonly<Record<string, number>>;
}

async function rankDomains(lab: RankLab): Promise<CellResult<RunResults>> {
  const text = await tokenize(lab);
  const seed = await trainSeed(lab, text);
  return await report(lab, await probeAll(lab, text, seed, lab.config.probe));
}

function report({ run, config }: RankLab, probed: Probed): Promise<CellResult<RunResults>> {
  const cells = [probed.seed, ...probed.probes.values()];
  const tokens = tokensOf(config, config.probe);
  const { gainShare } = config.choice;
  const most = mostExperts(config);
  return run.cell({
    name: "report",
    title: "Report",
    description: "The candidates by what a short probe gains, and a choice among them.",
    inputs: { kind: "rank report", cells: cells.map(({ key }) => key), tokens, most, gainShare },
    code: import.meta,
    output: runResultsSchema,
  }, async (cell) => {
    const losses = probeLosses(await readLosses(cells), config.experts);
    const domains = Object.keys(losses.seed);
    const gains = probeGains(losses);
    const choice = chooseExperts(losses, most);
    const chosen: Chosen = {
      experts: choice.steps.map(({ candidate }) => candidate),
      mix: stitchMix(domains, bestOfChoice(choice), gainShare),
    };
    cell.table(rankingTable(gains, tokens.probe));
    cell.table(gainMatrixTable(gains, domains));
    cell.table(gainsTable(gains, domains));
    cell.table(choiceTable(choice, tokens.expert));
    cell.table(stitchMixTable(chosen.mix));
    cell.summary(rankingText(gains, choice));
    const short = shortProbesText(config, config.probe);
    if (short !== undefined) cell.note(short, "warning");
    const probes = config.experts.length * config.probe.repeats;
    cell.note(
      `${probes} probes took ${counted(probes * tokens.probe)}; all ${config.experts.length} experts would take ` +
        `${counted(config.experts.length * tokens.expert)}.`,
    );
    await Deno.writeTextFile(join(cell.folder, CHOICE_FILE), JSON.stringify(chosen));
    return bitsPerByteResults({ seed: losses.seed, ...meanProbes(losses) });
  });
}

/** The best gain of the chosen on each domain. */
function bestOfChoice({ steps, chosenIn, gains }: Choice): number[] {
  const candidates = [...chosenIn.keys()];
  return bestGains(gains, steps.map(({ candidate }) => candidates.indexOf(candidate)));
}

/** How many experts the budget allows. */
function mostExperts({ experts, choice: { budget }, ...config }: RankConfig): number {
  const { expert } = tokensOf({ ...config, experts }, config.probe);
  return budget === null ? experts.length : Math.min(experts.length, Math.floor(budget / expert));
}

/** @throws UserError for settings that do not fit together */
async function check(config: RankConfig): Promise<void> {
  checkBts(config);
  const { experts, choice: { budget, out } } = config;
  if (experts.length < 2) {
    throw new UserError(
      "rank.candidates",
      `There is only one candidate, ${experts[0]}: nothing can be ranked`,
      "set experts to two or more domains",
    );
  }
  const brought = experts.find((domain) => isBrought(config, domain));
  if (brought !== undefined) {
    throw new UserError(
      "rank.pretrained",
      `The expert ${brought} comes from a checkpoint (pretrained.${brought}): there is nothing to predict`,
      `leave out pretrained.${brought}, or take ${brought} out of experts`,
    );
  }
  const { expert } = tokensOf(config, config.probe);
  if (budget !== null && budget < expert) {
    throw new UserError(
      "rank.budget",
      `The budget of ${counted(budget)} is too small: one expert takes ${counted(expert)}`,
      "raise --budget, or set fewer train.expert.steps",
    );
  }
  checkTokens(config);
  await checkOut(out);
}

const counted = (tokens: number) => `${tokens.toLocaleString("en-US")} tokens`;

/** The experiment. */
export function rankExperiment(): Experiment<typeof rankConfigSchema, LabData> {
  let reported: CellResult<RunResults> | undefined;
  let writtenFor: number | undefined;
  const experiment = labExperiment({
    definition: rankDefinition,
    tables: ["ranking", "gain-matrix", "choice", "stitch-mix"],
    longTables: ["gains"],
    check,
    body: async (lab: RankLab) => reported = await rankDomains(lab),
  });
  return {
    ...experiment,
    async prepare(config, rngSeed, context) {
      const short = shortProbesText(config, config.probe);
      if (short !== undefined) context.report(`warning: ${short}`);
      const prepared = await experiment.prepare(config, rngSeed, context);
      for (const domain of config.experts) {
        const { heldout } = prepared.documents[domain]!;
        checkDocuments(domain, heldout.map(({ text }) => text.length));
      }
      return prepared;
    },
    async conclude({ config, rngSeed, preset }) {
      const { out } = config.choice;
      const { experts, mix }: Chosen = JSON.parse(await Deno.readTextFile(join(reported!.folder, CHOICE_FILE)));
      if (experts.length === 0) return ["No candidate gains anything: no expert was chosen."];
      if (out === "") return ["Add --out chosen.yaml to get a configuration that trains the chosen experts."];
      if (writtenFor !== undefined) return [`${out} has the choice of random seed ${writtenFor}, not of ${rngSeed}.`];
      writtenFor = rngSeed;
      await writeConfig(out, chosenConfig(config, experts, mix));
      // All settings are in the file, but a run says which preset it was given.
      const given = preset === rankDefinition.defaultPreset ? "" : ` --preset ${preset}`;
      return [`Train the chosen experts: deno task bts --config ${out}${given}`];
    },
  };
}

if (import.meta.main) await experimentMain(rankExperiment());
