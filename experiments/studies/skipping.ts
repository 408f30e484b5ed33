// What does it cost not to run experts with small gates, and what does it save? The paper (BTS, arXiv 2502.00075) runs all
// of them at every token.
//
//     deno task run experiments/studies/skipping.ts --preset quick
//
// One stitched model with eight experts is measured again and again. All experts read the first quarter of a context, as a
// prompt; then those whose mean gate is below a threshold rest, until it is 1.5 times that. It is decided after the prompt,
// and again after every 16 tokens, or only once. Skipping needs no training, so all variants have the same weights.
import { UserError } from "../../lib/errors.ts";
import {
  baselinesSpec,
  type BtsConfig,
  checkBts,
  type Lab,
  labExperiment,
  measureCell,
  type Measured,
  type Measuring,
  type Method,
  modelOf,
  stitchedSpec,
  type Text,
  tokenize,
  type Trained,
  trainExpert,
  trainSeed,
  trainStitches,
} from "../../lib/bts/mod.ts";
import { experimentMain } from "../../lib/experiment/mod.ts";
import { type SkippingModel, skippingModel, type SkippingSettings, type TokensRun } from "../../lib/infer/mod.ts";
import { parameterCount } from "../../lib/model/mod.ts";
import {
  type CellResult,
  numberColumn,
  parametersOf,
  type RunResults,
  type Table,
  textColumn,
} from "../../lib/run/mod.ts";
import { placeStitches, stitchKind } from "../../lib/stitch/mod.ts";
import { stitchedForwardFlops } from "../../lib/train/mod.ts";
import {
  type Direction,
  direction,
  reportVariants,
  type StitchedVariant,
  studyDefinition,
  variantFlops,
} from "../../lib/study/mod.ts";
import { MANY_EXPERTS } from "./experts.ts";
import { partPresets } from "./groups/presets.ts";
import { SHARES_TABLE } from "./skipping/findings.ts";

/** The part of a context that all experts read. */
const PROMPT = 1 / 4;

interface Arm {
  readonly name: string;
  readonly skip: SkippingSettings;
}

/** Thresholds as multiples of the share that each model would have if all had the same. */
const THRESHOLDS = [0.5, 0.75, 1, 1.5];
/** The one at which deciding once is compared with deciding again and again. */
const ONCE = 0.75;

/** From all experts to none. */
function armsOf({ experts }: Pick<BtsConfig, "experts">): Arm[] {
  const gate = (multiple: number) => Number((multiple / (experts.length + 1)).toPrecision(2));
  const once = gate(ONCE);
  return [
    { name: "all", skip: { below: 0 } },
    ...THRESHOLDS.map(gate).map((below) => ({ name: `below ${below}`, skip: { below } })),
    { name: `below ${once}, once`, skip: { below: once, every: 0 } },
    { name: "none after the prompt", skip: { below: 1, every: 0 } },
  ];
}

export const skippingStudy = {
  name: "skipping",
  title: "Skipping experts",
  question: "What is lost, and what is saved, if experts with small gates are not run?",
  // Texts in which different experts rest are computed one after another, so less is measured than elsewhere.
  settings: { ...MANY_EXPERTS, eval: { tokens: 2_048, tasks: [] } },
  directions(config: Pick<BtsConfig, "experts">): Direction[] {
    const names = armsOf(config).map(({ name }) => name);
    const [all, ...skipped] = names;
    const some = skipped.slice(0, THRESHOLDS.length);
    const [once, none] = skipped.slice(THRESHOLDS.length) as [string, string];
    const often = some[THRESHOLDS.indexOf(ONCE)]!;
    return [
      ...some.map((name) => direction(`All experts are better than skipping those ${name}`, all!, name)),
      direction("Deciding every 16 tokens is better than deciding once, after the prompt", often, once),
      direction("Some experts are better than none after the prompt", often, none),
    ];
  },
};

async function studySkipping(lab: Lab): Promise<CellResult<RunResults>> {
  const { config } = lab;
  const text = await tokenize(lab);
  const seed = await trainSeed(lab, text);
  const experts = new Map<string, CellResult<Trained>>();
  for (const domain of config.experts) experts.set(domain, await trainExpert(lab, text, seed, domain));
  const alone = await measureSeed(lab, text, seed);
  const trained = await trainStitches(lab, text, seed, experts, {
    name: "stitch:all",
    title: "Train the stitches",
  });
  const measured: StitchedVariant[] = [];
  for (const arm of armsOf(config)) {
    const cell = await measureArm(lab, text, seed, experts, trained, arm);
    measured.push({
      name: arm.name,
      trained: undefined,
      measured: cell,
      flops: {
        training: variantFlops(lab, text).training,
        // Known once it is measured; a plan does not ask.
        get forward() {
          return spentFlops(lab, text, arm, cell.value);
        },
      },
    });
  }
  return await reportVariants(skippingStudy, lab, alone, measured);
}

/** The seed alone: the other models without stitches have no part in this study. */
function measureSeed(lab: Lab, text: Text, seed: CellResult<Trained>): Promise<CellResult<Measured>> {
  const spec = baselinesSpec(lab, text, seed, new Map());
  return measureCell(lab, text, {
    ...spec,
    title: "Measure the seed",
    description: "The seed on the same held-out text and questions.",
    inputs: { ...spec.inputs, kind: "evaluate:seed" },
    forward: (part) => spec.forward(part).slice(0, 1),
    code: [import.meta, ...[spec.code].flat()],
    open: async (measuring) => (await spec.open(measuring)).slice(0, 1),
  });
}

function measureArm(
  lab: Lab,
  text: Text,
  seed: CellResult<Trained>,
  experts: ReadonlyMap<string, CellResult<Trained>>,
  stitches: CellResult<Trained>,
  { name, skip }: Arm,
): Promise<CellResult<Measured>> {
  const names = { name: `evaluate:${name}`, title: `Measure ${name}` };
  const spec = stitchedSpec(lab, text, seed, experts, stitches, names);
  const prompt = Math.max(1, Math.round(PROMPT * lab.config.model.contextLength));
  return measureCell(lab, text, {
    ...spec,
    description: "The stitched model on the same text and questions, without experts whose gates are small.",
    inputs: { ...spec.inputs, skip: { ...skip }, prompt },
    code: [import.meta, ...[spec.code].flat()],
    async open(measuring) {
      return (await spec.open(measuring)).map((method) => withSkipping(method, measuring, skip, prompt, lab));
    },
  });
}

/** The method with experts that rest; its active parameters are those that were used per token of held-out text. */
function withSkipping(
  method: Method,
  { cell }: Measuring,
  skip: SkippingSettings,
  prompt: number,
  { config: { experts } }: Lab,
): Method {
  let model: SkippingModel | undefined;
  const { trained, total } = method.parameters;
  const each = (total - trained) / (experts.length + 1);
  return {
    ...method,
    parameters: {
      trained,
      total,
      get active() {
        return model === undefined
          ? total
          : Math.round(total - each * (experts.length - expertsRun(model.tokensRun())));
      },
    },
    open: (scope) => model = skippingModel(method.open(scope), skip, prompt),
    onMeasured() {
      cell.table(sharesTable(model!.tokensRun(), experts));
      return Promise.resolve();
    },
  };
}

/** How many experts ran per token, on average. */
function expertsRun({ tokens, experts }: TokensRun): number {
  return experts.reduce((sum, expert) => sum + expert.tokens, 0) / Math.max(1, tokens);
}

function sharesTable({ tokens, experts }: TokensRun, names: readonly string[]): Table {
  return {
    name: SHARES_TABLE,
    title: "Share of the tokens that each expert has read",
    columns: [textColumn("expert", "expert"), numberColumn("share", "share, %", 1)],
    rows: experts.map(({ model, tokens: own }) => ({ expert: names[model - 1]!, share: 100 * own / tokens })),
  };
}

/**
 * FLOPs per token that were really spent on a forward pass, with what measuring the gates of all experts takes. The layers
 * and stitches of an expert cost in proportion to the tokens that it has read, as its active parameters say.
 */
function spentFlops(lab: Lab, text: Text, { skip }: Arm, { methods }: Measured): number {
  const { stitch, experts } = lab.config;
  const model = modelOf(lab, text);
  const [none, one] = [0, 1].map((count) => stitchedForwardFlops(model, stitch, count)) as [number, number];
  const { total, active } = parametersOf(methods["bts"])!;
  const run = experts.length - (total - active) / parameterCount(model);
  const shared = placeStitches(stitch, model.layers).filter(({ kind }) => stitchKind(kind).shares).length;
  const gates = 2 * shared * (experts.length + 1) * model.width * (stitch.gates === "scalar" ? 1 : model.width);
  return none + run * (one - none) + (skip.below === 0 ? 0 : gates);
}

export const skippingExperiment = labExperiment({
  definition: { ...studyDefinition(skippingStudy), presets: partPresets },
  check(config) {
    checkBts(config);
    if (config.stitch.mode !== "hub") {
      throw new UserError("study.skipping", "Experts of a pair cannot be skipped: set stitch.mode to hub");
    }
  },
  body: studySkipping,
});

if (import.meta.main) await experimentMain(skippingExperiment);
