// Opening each model of a finished run from the cells that saved its parts.
import { z } from "zod";
import { baselineNamed, openBaseline } from "../baselines/mod.ts";
import { type FinishedRun, openStitches, type ParameterCounts, stitchedOnDevice } from "../bts/mod.ts";
import { openTokenizer, type Tokenizer } from "../data/mod.ts";
import { nearest, UserError } from "../errors.ts";
import { loadModelFolder } from "../huggingface/mod.ts";
import {
  btmEnsemble,
  type BtmOptions,
  btmOptions,
  btmSettingsSchema,
  loadPrior,
  mergeIntoSeed,
  SEED_MERGES,
  seedMergeSchema,
  soup,
} from "../merge/mod.ts";
import { methodOfModel } from "../methods.ts";
import {
  decoder,
  type HostWeights,
  type LanguageModel,
  type ModelConfig,
  parameterCount,
  toDevice,
} from "../model/mod.ts";
import { seedOf } from "../run/mod.ts";
import { stitchedLanguageModel } from "../stitch/mod.ts";

/** A model on the device. */
export interface OpenedModel {
  /** The shape of its decoders. */
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly model: LanguageModel;
  readonly parameters: ParameterCounts;
}

/** Puts a model on the device; `scope` frees its tensors. */
type Opener = (scope: DisposableStack) => Promise<OpenedModel>;

/** Settings of `experiments/baselines.ts`, which compares more methods. */
const comparisonSchema = z.object({
  baselines: z.object({ methods: z.array(z.string()), merge: seedMergeSchema, btm: btmSettingsSchema }),
});

/** How to open each model of a run, by the model's name, in the order of the tables. */
export function modelOpeners(run: FinishedRun): ReadonlyMap<string, Opener> {
  const experts = run.config.experts.map((domain) => `expert:${domain}`);
  const decoders = ["seed", ...experts];
  const single = (name: string): Opener => async (scope) => {
    const { config, tokenizer, weights: [weights] } = await loadDecoders(run, [name]);
    return { config, tokenizer, ...decoderOnDevice(config, weights!, scope, true) };
  };
  const merged =
    (merge: (base: HostWeights, models: readonly HostWeights[]) => HostWeights): Opener => async (scope) => {
      const { config, tokenizer, weights: [base, ...models] } = await loadDecoders(run, decoders);
      return { config, tokenizer, ...decoderOnDevice(config, merge(base!, models), scope, false) };
    };
  const openers = new Map(decoders.map((name) => [name, single(name)]));
  openers.set("soup", merged((base, models) => soup([base, ...models])));
  const comparison = comparisonSchema.safeParse(run.view.config).data?.baselines;
  if (comparison !== undefined) {
    for (const name of SEED_MERGES) {
      openers.set(
        name,
        merged((base, models) => mergeIntoSeed(name, { base, models }, comparison.merge, seedOf(run.view))),
      );
    }
  }
  const ensemble = (options: () => Promise<BtmOptions>): Opener => async (scope) => {
    const { config, tokenizer, weights } = await loadDecoders(run, decoders);
    const models = weights.map((one) => decoder(config, scope.use(toDevice(one))));
    const total = models.length * parameterCount(config);
    const parameters = { trained: 0, total, active: total };
    return { config, tokenizer, model: btmEnsemble(models, await options()), parameters };
  };
  openers.set("btm", ensemble(() => Promise.resolve({})));
  if (comparison !== undefined) {
    const devPrior = async () => await loadPrior((await run.cell("evaluate:ensembles")).folder);
    openers.set("btm-dev", ensemble(() => btmOptions(comparison.btm, devPrior)));
  }
  for (const name of comparison?.methods ?? []) {
    openers.set(name, async (scope) => {
      const { config, tokenizer, weights: models } = await loadDecoders(run, decoders);
      const { folder } = await run.cell(name);
      const method = baselineNamed(name);
      const { model, parameters } = await openBaseline({ method, folder, model: config, models }, scope);
      return { config, tokenizer, model, parameters };
    });
  }
  for (const [name, cell] of run.stitched) {
    openers.set(name, async (scope) => {
      const parts = await openStitches(run, cell);
      const { stitched, parameters } = stitchedOnDevice(parts, scope);
      return {
        config: parts.model,
        tokenizer: parts.tokenizer,
        model: stitchedLanguageModel(stitched),
        parameters,
      };
    });
  }
  return openers;
}

/**
 * How to open a model, and its name in full; an expert may be called by its domain alone.
 *
 * @throws UserError `model.unknown` naming the models that there are
 */
export function openerOf(
  openers: ReadonlyMap<string, Opener>,
  wanted: string,
  run: string,
): { readonly name: string; readonly open: Opener } {
  const names = [...openers.keys()];
  const name = openers.has(wanted) ? wanted : methodOfModel(wanted, names);
  const open = openers.get(name);
  if (open !== undefined) return { name, open };
  const near = nearest(wanted, names);
  throw new UserError(
    "model.unknown",
    `The run ${run} has no model "${wanted}": it has ${names.map(quoted).join(", ")}`,
    near === undefined ? undefined : `did you mean ${near}?`,
  );
}

/** Loads decoders of one shape that share a tokenizer. */
async function loadDecoders(
  run: FinishedRun,
  names: readonly string[],
): Promise<Pick<OpenedModel, "config" | "tokenizer"> & { readonly weights: readonly HostWeights[] }> {
  const loaded = [];
  for (const name of names) loaded.push(await loadModelFolder((await run.cell(name)).folder));
  return {
    config: loaded[0]!.config,
    tokenizer: openTokenizer(loaded[0]!.tokenizer!, { rows: loaded[0]!.config.vocabSize }),
    weights: loaded.map(({ tensors }) => tensors),
  };
}

function decoderOnDevice(
  config: ModelConfig,
  weights: HostWeights,
  scope: DisposableStack,
  trained: boolean,
): Pick<OpenedModel, "model" | "parameters"> {
  const one = parameterCount(config);
  return {
    model: decoder(config, scope.use(toDevice(weights))),
    parameters: { trained: trained ? one : 0, total: one, active: one },
  };
}

/** A name among others; those of variants may have commas. */
const quoted = (name: string): string => name.includes(",") ? `"${name}"` : name;
