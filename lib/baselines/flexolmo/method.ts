// FlexOlmo (arXiv 2507.07024): each expert is trained by itself, beside the frozen public model, and joins with a row of the
// router. There is no joint training, and an owner leaves by taking the row away.
import { z } from "zod";
import { UserError } from "../../errors.ts";
import {
  type HostTensor,
  type HostWeights,
  type ModelConfig,
  putWeights,
  toDevice,
  toHost,
  toVariables,
} from "../../model/mod.ts";
import type { BranchedMethod, BranchGiven, BranchTraining, CommonSettings, Saved } from "../method.ts";
import { biasName, routerName } from "../mixture/config.ts";
import { mixtureLanguageModel, mixtureModel } from "../mixture/model.ts";
import { trainingOf } from "../training.ts";
import { branchCost, flexOlmoCost } from "./cost.ts";
import { meanStates, mixedEmbeddings } from "./embeddings.ts";
import { besidePublic, copiedFeedForwards, publicWeights, stackExperts, withoutExperts } from "./experts.ts";
import { routeToBest } from "./route.ts";
import { pairTraining, SOFT } from "./training.ts";

const settingsSchema = z.strictObject({
  documents: z.int().min(1).max(100_000).default(32)
    .describe("documents of each domain whose mean state is the start of a router's row"),
  tokens: z.int().min(1).max(1_048_576).default(512)
    .describe("tokens read of each document, or the context length if that is less"),
  topK: z.int().min(1).default(4).describe("feed-forwards per token, the public one included; all, if there are fewer"),
});

const schema = settingsSchema.extend({ experts: z.array(z.string()) });

/** The settings, and the domains of the experts, in the order of the rows. */
type FlexOlmoConfig = z.infer<typeof schema>;

export const flexOlmo = {
  name: "flexolmo",
  label: "FlexOlmo",
  source: "arXiv 2507.07024",
  trains: "experts' feed-forwards, rows",
  summary:
    "a copy of the seed's feed-forwards for each expert, trained on its domain beside the frozen seed; no joint " +
    "training",
  code: import.meta,
  settings: { flexolmo: settingsSchema.prefault({}).describe("FlexOlmo") },
  weighs: true,
  making: "branching",
  combines: "seed",
  file: { kind: "flexolmo", schema },
  configOf: ({ flexolmo, experts }: CommonSettings & { readonly flexolmo: z.infer<typeof settingsSchema> }) => ({
    ...flexolmo,
    experts: [...experts],
  }),
  cost: ({ topK, experts }, costed) => flexOlmoCost(topK, { ...costed, experts: experts.length }),
  branchOf: ({ documents, tokens }) => ({ documents, tokens }),
  reads: (branch) => branch,
  branchCost,
  start: startBranch,
  join: stackExperts,
  without({ config, weights }, leaving) {
    const { experts } = config;
    const unknown = leaving.find((domain) => !experts.includes(domain));
    if (unknown !== undefined) {
      throw new UserError(
        "merge.without",
        `Cannot open flexolmo without an expert of "${unknown}": it has those of ${experts.join(", ")}`,
      );
    }
    return {
      config: { ...config, experts: experts.filter((domain) => !leaving.includes(domain)) },
      weights: withoutExperts(weights, leaving.map((domain) => 1 + experts.indexOf(domain))),
    };
  },
  open({ model, config, weights, models: [seed], packed, scope }: Saved<FlexOlmoConfig>) {
    const models = 1 + config.experts.length;
    const { topK } = config;
    const whole = mixtureModel({
      config: model,
      mixture: SOFT,
      models,
      weights: scope.use(putWeights({ ...publicWeights(seed!), ...weights }, packed)),
      ...(topK < models ? { routeTokens: (logits) => routeToBest(logits, topK) } : {}),
    });
    return { model: mixtureLanguageModel(whole) };
  },
} as const satisfies BranchedMethod<FlexOlmoConfig, Pick<FlexOlmoConfig, "documents" | "tokens">>;

/** An expert that equals the public model, with a row that is its domain's embedding. */
async function startBranch({ model, seed, publicDocuments, documents }: BranchGiven): Promise<BranchTraining> {
  const weights = publicWeights(seed);
  const rows = await embeddingsOf(model, weights, { publicDocuments, documents });
  const variables = toVariables({ ...copiedFeedForwards(seed), ...routerOf(rows.own, 0) });
  const frozen = toDevice({ ...weights, ...routerOf(rows.public) });
  return {
    ...trainingOf(variables, [frozen], (options) => pairTraining(model, frozen, variables, options)),
    finished: async () => besidePublic(routerOf(rows.public, 0), await toHost(variables)),
  };
}

/** The embeddings of the public text and of the expert's domain, by layer. */
async function embeddingsOf(
  model: ModelConfig,
  seed: HostWeights,
  { publicDocuments, documents }: Pick<BranchGiven, "publicDocuments" | "documents">,
): Promise<{ readonly public: readonly Float64Array[]; readonly own: readonly Float64Array[] }> {
  using weights = toDevice(seed);
  const domains = [];
  for (const { share, documents } of publicDocuments) {
    domains.push({ share, embeddings: await meanStates(model, weights, documents) });
  }
  return { public: mixedEmbeddings(domains), own: await meanStates(model, weights, documents) };
}

/** Rows as the routers of one model, with a bias if one is given. */
function routerOf(rows: readonly Float64Array[], bias?: number): HostWeights {
  const weights: Record<string, HostTensor> = {};
  rows.forEach((row, layer) => {
    weights[routerName(layer, "mlp")] = { shape: [1, row.length], data: Float32Array.from(row) };
    if (bias !== undefined) weights[biasName(layer, "mlp")] = { shape: [1], data: Float32Array.of(bias) };
  });
  return weights;
}
