// What the comparison will do and cost, before it does it.
import { type MixtureName, MIXTURES } from "../../lib/merge/mod.ts";
import { forwardFlops, type ModelConfig, parameterCount } from "../../lib/model/mod.ts";
import { methodCosts, pretrainFlops, trainingBytes } from "../../lib/train/mod.ts";
import type { PlannedCell } from "../../lib/experiment/mod.ts";
import type { BaselinesConfig, TrainedMethod } from "./config.ts";
import { WEIGHT_MERGES } from "./merges.ts";
import { METHOD_TITLES, trainFlops } from "./train.ts";
import { planCells } from "../../lib/bts/mod.ts";

/** The cells of a run in order, with what each costs. */
export function planBaselines(config: BaselinesConfig): PlannedCell[] {
  const { baselines, data, eval: { tokens, items }, experts, stitch } = config;
  const cells = planCells(config);
  const stitching = new Set(["stitch", "evaluate:bts", "report"]);
  const model: ModelConfig = { ...config.model, vocabSize: config.tokenizer.vocabSize };
  const costs = methodCosts({ model, experts: experts.length, stitch, calm: baselines.calm });
  const forward = (name: string) => costs.find(({ method }) => method === name)!.flops.forward;
  const scored = data.domains.length * tokens + 4 * items * model.contextLength;
  const measure = (cell: string, title: string, flops: number): PlannedCell => ({
    cell,
    title,
    tokens: 0,
    flops: scored * flops,
    bytes: 0,
  });
  return [
    ...cells.filter(({ cell }) => !stitching.has(cell)),
    measure("evaluate:merges", "Measure merges weight by weight", WEIGHT_MERGES.length * forwardFlops(model)),
    ...baselines.methods.flatMap((name) => {
      const training = { cell: name, title: `Train ${METHOD_TITLES[name]}`, ...plannedTraining(config, model, name) };
      if (name === "routing") return [training];
      return [training, measure(`evaluate:${name}`, `Measure ${METHOD_TITLES[name]}`, forward(name))];
    }),
    measure(
      "evaluate:ensembles",
      `Measure the second ensemble${baselines.methods.includes("routing") ? " and expert routing" : ""}`,
      forward("btm"),
    ),
    ...cells.filter(({ cell }) => stitching.has(cell)),
  ];
}

function plannedTraining(config: BaselinesConfig, model: ModelConfig, name: TrainedMethod) {
  const { expert, stitch } = config.train;
  const time = model.contextLength;
  const perPass = ({ batch, accumulate }: typeof stitch) => batch * time / accumulate;
  if (name === "dense") {
    const rows = config.experts.length * expert.steps * expert.batch + stitch.steps * stitch.batch;
    const tokens = Math.ceil(rows / expert.batch) * expert.batch * time;
    const bytes = trainingBytes(model, perPass(expert), expert.activations);
    return { tokens, flops: tokens * pretrainFlops(model), bytes };
  }
  const tokens = stitch.steps * stitch.batch * time;
  const flops = tokens * trainFlops(config, model, name);
  const models = 1 + config.experts.length;
  const { trained, total } = methodCosts({
    model,
    experts: config.experts.length,
    stitch: config.stitch,
    calm: config.baselines.calm,
  }).find(({ method }) => method === name)!.parameters;
  // Weights, with gradients and moments where they are trained; activations as a decoder's, and what every further
  // expert's pass through its blocks keeps.
  const plain = trainingBytes(model, perPass(stitch)) - 16 * parameterCount(model);
  const further = Object.hasOwn(MIXTURES, name) ? furtherBlocks(name as MixtureName, models) : 0;
  const activations = 4 * model.layers * perPass(stitch) * further * (4 * model.width + 3 * model.inner);
  return { tokens, flops, bytes: plain + 4 * (total + 3 * trained) + activations };
}

/** Blocks of a layer that a token goes through beyond a decoder's two. */
function furtherBlocks(name: MixtureName, models: number): number {
  const { attention, routing } = MIXTURES[name];
  const used = { "soft": models, "sample": 1, "top-2": 2 }[routing];
  return used - 1 + (attention === "experts" ? models - 1 : 0);
}
