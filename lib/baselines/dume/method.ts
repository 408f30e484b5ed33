// DUME (arXiv 2603.29765): the layout of BTX, with routers in closed form. Nothing is trained.
import { z } from "zod";
import { UserError } from "../../errors.ts";
import { forwardFlops, putWeights } from "../../model/mod.ts";
import type { MethodCost } from "../../train/mod.ts";
import type { CommonSettings, Costed, Documents, FittedMethod, Given, Saved } from "../method.ts";
import { type MixtureConfig, mixtureConfigSchema } from "../mixture/config.ts";
import { mixtureCost } from "../mixture/cost.ts";
import { mixtureLanguageModel, mixtureModel } from "../mixture/model.ts";
import { initialMixture } from "../mixture/start.ts";
import { fitRouters } from "./fit.ts";
import { DOCUMENTS_AT_ONCE } from "../mixture/states.ts";

const settingsSchema = z.strictObject({
  documents: z.int().min(1).max(100_000).default(32)
    .describe("documents of each domain that the routers are computed from"),
  tokens: z.int().min(1).max(1_048_576).default(512)
    .describe("tokens read of each document, or the context length if that is less"),
  lambda: z.number().positive().max(1e6).default(0.1).describe("λ of the ridge regression"),
  temperature: z.number().min(1e-6).max(1e6).default(0.1)
    .describe("divides the routers' logits; it matters only if topK is 2"),
  topK: z.literal([1, 2]).default(1).describe("feed-forward experts per token"),
});

const schema = settingsSchema.extend({
  seed: z.boolean().describe("whether the seed is an expert, for the domains that have no other"),
});
type DumeConfig = z.infer<typeof schema>;

export const dume = {
  name: "dume",
  label: "DUME",
  color: "olive",
  source: "arXiv 2603.29765",
  trains: "–",
  summary: "feed-forwards and averages as in BTX; routers by ridge regression on a few documents; one expert per token",
  code: import.meta,
  settings: { dume: settingsSchema.prefault({}).describe("DUME") },
  weighs: true,
  making: "fitting",
  file: { kind: "dume", schema },
  configOf: (
    { dume, experts, domains }: CommonSettings & { readonly dume: z.infer<typeof settingsSchema> },
  ) => ({ ...dume, seed: domains.some((domain) => !experts.includes(domain)) }),
  check({ topK, seed }, { experts }) {
    const models = seed ? 1 + experts : experts;
    if (topK <= models) return;
    throw new UserError(
      "baselines.dume",
      `baselines.dume.topK is ${topK}, but there is ${models} model to route to`,
      "set it to 1, or add an expert",
    );
  },
  cost: dumeCost,
  reads: ({ documents, tokens }) => ({ documents, tokens }),
  fitCost(config, { model, experts }) {
    const { layers, width, inner, contextLength } = model;
    const rows = DOCUMENTS_AT_ONCE * contextLength;
    const { total } = dumeCost(config, { model, experts, cacheBytes: 4 }).parameters;
    return {
      // Two passes, and the lower triangle of the products of states.
      flops: 2 * forwardFlops(model) + layers * (width + 1) ** 2,
      passes: 2 / DOCUMENTS_AT_ONCE,
      // The mixture, the states of all layers, and what one layer computes.
      bytes: 4 * (total + rows * (layers * width + 10 * width + 3 * inner)),
    };
  },
  async fit({ model, config, models, documents }: Given<DumeConfig> & Documents) {
    const { weights, tokens, shares } = await fitRouters({
      model,
      mixture: mixtureOf(config),
      models: partsOf(config, models),
      documents: partsOf(config, documents),
      options: config,
    });
    const [mean, each] = [shares.reduce((a, b) => a + b, 0) / shares.length, shares.map(percent).join(", ")];
    const outcome =
      `routers send ${percent(mean)} % of the tokens that they were computed from to their own domain's ` +
      `expert (by layer ${each} %), out of ${partsOf(config, models).length} experts`;
    return { weights, tokens, outcome };
  },
  open({ model, config, weights, models, packed, scope }: Saved<DumeConfig>) {
    const mixture = mixtureOf(config);
    const parts = partsOf(config, models);
    const whole = scope.use(putWeights({ ...initialMixture(model, mixture, parts, 0), ...weights }, packed));
    return {
      model: mixtureLanguageModel(mixtureModel({ config: model, mixture, models: parts.length, weights: whole })),
    };
  },
} as const satisfies FittedMethod<DumeConfig>;

const percent = (share: number) => (100 * share).toFixed(1);

/** The mixture, which is only evaluated: with `sample` routing a token then goes to the expert with the highest logit. */
function mixtureOf({ topK }: DumeConfig): MixtureConfig {
  return mixtureConfigSchema.parse({ routing: topK === 1 ? "sample" : "top-2", bias: true, balance: 0 });
}

/** What belongs to the models that take part, from a list for all of them, the seed first. */
function partsOf<T>({ seed }: DumeConfig, all: readonly T[]): readonly T[] {
  return seed ? all : all.slice(1);
}

function dumeCost(config: DumeConfig, { experts, ...costed }: Costed): MethodCost {
  const models = config.seed ? 1 + experts : experts;
  const { parameters, flops, ...cost } = mixtureCost("dume", mixtureOf(config), { ...costed, experts: models - 1 });
  return { ...cost, parameters: { ...parameters, trained: 0 }, flops: { ...flops, backward: 0 } };
}
