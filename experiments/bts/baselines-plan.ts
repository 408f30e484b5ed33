// What the comparison will do and cost, before it does it.
import {
  activeExperts,
  calmForwardFlops,
  calmShapes,
  calmTrainFlops,
  mixtureForwardFlops,
  mixtureParameters,
  mixtureTrainFlops,
} from "../../lib/merge/mod.ts";
import { forwardFlops, type ModelConfig, parameterCount } from "../../lib/model/mod.ts";
import { pretrainFlops, trainingBytes } from "../../lib/train/mod.ts";
import type { PlannedCell } from "../plan.ts";
import type { BaselinesConfig, TrainedMethod } from "./baselines-config.ts";
import { WEIGHT_MERGES } from "./baselines-merges.ts";
import { METHOD_TITLES, methodOf } from "./baselines-train.ts";
import { planCells } from "./plan.ts";

/** The cells of a run in order, with what each costs. */
export function planBaselines(config: BaselinesConfig): PlannedCell[] {
  const cells = planCells(config);
  const stitching = new Set(["stitch", "evaluate:bts", "report"]);
  const model: ModelConfig = { ...config.model, vocabSize: config.tokenizer.vocabSize };
  const models = 1 + config.experts.length;
  const scored = config.data.domains.length * config.eval.tokens + 4 * config.eval.items * model.contextLength;
  const measure = (cell: string, title: string, flops: number): PlannedCell => ({
    cell,
    title,
    tokens: 0,
    flops: scored * flops,
    bytes: 0,
  });
  const one = forwardFlops(model);
  const routed = config.baselines.methods.includes("routing");
  return [
    ...cells.filter(({ cell }) => !stitching.has(cell)),
    measure("evaluate:merges", "Measure merges weight by weight", WEIGHT_MERGES.length * one),
    ...config.baselines.methods.flatMap((name) => {
      const planned = plannedMethod(config, model, name);
      const training = { cell: name, title: `Train ${METHOD_TITLES[name]}`, ...planned.training };
      if (name === "routing") return [training];
      return [training, measure(`evaluate:${name}`, `Measure ${METHOD_TITLES[name]}`, planned.forward)];
    }),
    measure(
      "evaluate:ensembles",
      routed ? "Measure the second ensemble and expert routing" : "Measure the second ensemble",
      models * one,
    ),
    ...cells.filter(({ cell }) => stitching.has(cell)),
  ];
}

/** Of one method: its training, and operations of a forward token. */
function plannedMethod(config: BaselinesConfig, model: ModelConfig, name: TrainedMethod) {
  const { expert, stitch } = config.train;
  const models = 1 + config.experts.length;
  const time = model.contextLength;
  const perPass = ({ batch, accumulate }: typeof stitch) => batch * time / accumulate;
  const plain = trainingBytes(model, perPass(stitch));
  if (name === "dense") {
    const rows = config.experts.length * expert.steps * expert.batch + stitch.steps * stitch.batch;
    const tokens = Math.ceil(rows / expert.batch) * expert.batch * time;
    const bytes = trainingBytes(model, perPass(expert), expert.activations);
    return { training: { tokens, flops: tokens * pretrainFlops(model), bytes }, forward: forwardFlops(model) };
  }
  const tokens = stitch.steps * stitch.batch * time;
  const method = methodOf(config, name);
  if (method.kind === "routing") {
    const flops = tokens * models * forwardFlops(model);
    return { training: { tokens, flops, bytes: 4 * models * parameterCount(model) + plain }, forward: 0 };
  }
  if (method.kind === "calm") {
    const size = { augmenting: models - 1, width: model.width };
    const trained = [...calmShapes(method.config, size).values()].reduce((sum, [a, b]) => sum + a! * b!, 0);
    return {
      training: {
        tokens,
        flops: tokens * calmTrainFlops(model, method.config, size.augmenting),
        bytes: 4 * ((models - 1) * parameterCount(model) + 4 * trained) + plain,
      },
      forward: calmForwardFlops(model, method.config, size.augmenting),
    };
  }
  const { trained, total } = mixtureParameters(model, method.config, models);
  // Weights with gradients and moments where they are trained, and what every further expert's pass keeps.
  const further = activeExperts(method.config, models) - 1 + (method.config.attention === "experts" ? models - 1 : 0);
  const activations = 4 * model.layers * perPass(stitch) * further * (4 * model.width + 3 * model.inner);
  return {
    training: {
      tokens,
      flops: tokens * mixtureTrainFlops(model, method.config, models),
      bytes: plain - 16 * parameterCount(model) + 4 * (total + 3 * trained) + activations,
    },
    forward: mixtureForwardFlops(model, method.config, models),
  };
}
