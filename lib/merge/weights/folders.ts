// Merges model folders piece by piece, so that models larger than memory merge in a few hundred megabytes.
import { asOutError, checkTarget, openTarget, type WeightDtype, writeWeightFiles } from "../../huggingface/mod.ts";
import type { Input } from "../inputs/input.ts";
import { openInput } from "../inputs/open.ts";
import { readConfig } from "../inputs/tied.ts";
import { chatTemplateOf } from "../vocabulary/chat-template.ts";
import type { TokenizerRequest } from "../vocabulary/request.ts";
import { buildTokenizer, type MergedTokenizer } from "../vocabulary/tokenizer.ts";
import { copyCompanions } from "./companions.ts";
import { configDoubt } from "./config-fit.ts";
import { configError, configMismatch, doubtError } from "./configs.ts";
import { untiedHead } from "./head.ts";
import { isAboutLayers, layerChanges } from "./layer-config.ts";
import { located } from "./located.ts";
import { checkModels, type ModelsToMerge } from "./merge.ts";
import { copiedBytes, mergedBytes, type TensorFindings } from "./merged-tensor.ts";
import type { MergeOptions, WeightMethod } from "./method.ts";
import { weightMethod } from "./methods.ts";
import type { MergeSettings } from "./options.ts";
import { type MergePart, type MergePlan, type PartModel, planMerge } from "./parts.ts";
import { withoutFolder } from "./same-folder.ts";
import { sizeOf } from "./source.ts";
import { checkSameTokenizers } from "./tokenizers.ts";
import { codeWarnings, mergeWarnings, unknownText } from "./warnings.ts";

/** What all merges of folders have in common. */
export interface FolderMergeRequest {
  /** The method's name in mergekit. */
  readonly method: string;
  /** Output folder; it must not exist or must be empty. A link to an empty folder is followed. */
  readonly out: string;
  /** Type of the merged weights. @default the type of each weight in the base, or in the first model */
  readonly dtype?: WeightDtype | undefined;
  /** Whether to merge models whose `config.json` files give equal weights different meanings. @default false */
  readonly allowConfigMismatch?: boolean | undefined;
  /** The merged model's tokenizer, to which all vocabularies are aligned. @default that of all models, which must be equal */
  readonly tokenizer?: TokenizerRequest | undefined;
  /** As `chatTemplateOf()` takes it. @default that of the tokenizer */
  readonly chatTemplate?: string | undefined;
  /** Maximum size of a shard in bytes. @default 5 GB */
  readonly shardBytes?: number | undefined;
  /** About how many elements of each model's tensor to hold in memory at once. */
  readonly piece?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onTensor?: ((done: number, total: number, name: string) => void) | undefined;
}

/** Input and output of {@linkcode mergeFolders}. */
export interface FolderMerge extends FolderMergeRequest, ModelsToMerge<string> {
  readonly settings?: MergeSettings | undefined;
}

/** Input and output of {@linkcode mergeParts}. */
export interface PartsMerge extends FolderMergeRequest {
  readonly parts: readonly MergePart[];
  /** The model whose configuration and tokenizer are kept. @default the base, or else the first model */
  readonly first?: string | undefined;
  /** The file that asks for the tokenizer and the chat template, for messages. */
  readonly where?: string | undefined;
}

/** The result of a merge. */
export interface FolderMergeReport {
  readonly out: string;
  readonly method: string;
  readonly tensors: number;
  readonly parameters: number;
  /** Size of the merged weights. */
  readonly bytes: number;
  readonly files: readonly string[];
  /** Finite values that became infinite because they are too large for the type of the file. */
  readonly overflowed: number;
  /** Tensors with values that are not finite, in the merged model or in a model it was merged from. */
  readonly notFinite: readonly Omit<TensorFindings, "overflowed">[];
  /** Messages for the user, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Merges Hugging Face folders into a new one with the merged weights, the configuration and tokenizer of the base, and
 * `merge.json`, which records what was merged and how. The base may also be listed among the models and counts once. The
 * output folder is complete or unchanged.
 *
 * @throws UserError for models or folders that cannot be merged, before anything is written
 */
export async function mergeFolders(
  { base, models, settings = {}, ...request }: FolderMerge,
): Promise<FolderMergeReport> {
  const listed = base !== undefined && weightMethod(request.method).name !== "slerp";
  const part = (model: string) => ({ model });
  const others = (listed ? await withoutFolder(models, base) : models).map(part);
  return await mergeParts({
    ...request,
    parts: [{ base: base === undefined ? undefined : part(base), reference: base, models: others, settings }],
  });
}

/**
 * Like {@linkcode mergeFolders}, but for layers of models, in parts that follow each other.
 *
 * @throws UserError for models or folders that cannot be merged, before anything is written
 */
export async function mergeParts(request: PartsMerge): Promise<FolderMergeReport> {
  const method = weightMethod(request.method);
  const { parts } = request;
  for (const part of parts) await located(part.where, () => checkModels(method, part));
  await checkTarget(outputOf(request));
  const used = parts.flatMap(({ base, models }) => [...(base === undefined ? [] : [base]), ...models]);
  const names = [
    ...new Set([...(request.first === undefined ? [] : [request.first]), ...used.map((one) => one.model)]),
  ];
  const inputs = new Map<string, Input>();
  try {
    for (const name of names) {
      const where = used.find(({ model }) => model === name)?.where;
      inputs.set(name, await located(where, () => openInput(name)));
    }
    const folders = names.map((name) => inputs.get(name)!.folder);
    const configs = await Promise.all(folders.map(readConfig));
    const sliced = used.some(({ layers }) => layers !== undefined);
    const ignored = (key: string) => sliced && isAboutLayers(key, configs);
    const opened = [...inputs.values()];
    const { tokenizer: wanted, chatTemplate: template, where } = request;
    const alignment = wanted &&
      { request: wanted, tokenizer: await located(where, () => buildTokenizer(wanted, opened)) };
    const chatTemplate = template && await located(where, () => chatTemplateOf(template, opened));
    const plan = await planMerge(method, parts, inputs, request.dtype, alignment);
    const mismatch = await configMismatch(folders, names, ignored) ?? plan.mismatch;
    if (mismatch !== undefined && !request.allowConfigMismatch) throw configError(mismatch);
    const doubts = opened.flatMap(({ name, files }, i) => {
      const doubt = configDoubt(configs[i]!, files.weights);
      if (doubt === undefined) return [];
      if (!request.allowConfigMismatch) throw doubtError(name, doubt);
      return [`"${name}" was merged although ${doubt}`];
    });
    const warnings = [
      ...opened.flatMap(({ warnings }) => warnings),
      ...doubts,
      ...await codeWarnings(opened[0]!),
      ...alignment?.tokenizer.warnings ?? await checkSameTokenizers(folders, names),
    ];
    const tokenizer = alignment?.tokenizer;
    return await write({ ...request, chatTemplate }, method, plan, opened, { mismatch, tokenizer, warnings });
  } finally {
    for (const { files } of inputs.values()) files.close();
  }
}

const outputOf = ({ out }: FolderMergeRequest) => ({ out, code: "merge.out", what: "the merged model" });

/** What the checks before a merge found. */
interface Findings {
  /** How the models' configurations disagree, if they do. */
  readonly mismatch: string | undefined;
  readonly tokenizer: MergedTokenizer | undefined;
  readonly warnings: readonly string[];
}

async function write(
  request: PartsMerge,
  method: WeightMethod,
  plan: MergePlan,
  inputs: readonly Input[],
  { mismatch, tokenizer, warnings }: Findings,
): Promise<FolderMergeReport> {
  const { out, parts, dtype, chatTemplate } = request;
  const { weights, common, layers } = plan;
  const first = inputs[0]!;
  const target = await openTarget(outputOf(request));
  try {
    const head = await untiedHead(method, plan, first.folder);
    const config = layers === undefined ? [] : layerChanges(await readConfig(first.folder), layers);
    const findings: TensorFindings[] = [];
    const byName = new Map(weights.map((weight) => [weight.name, weight]));
    let done = 0;
    const { files, bytes } = await writeWeightFiles(target.workshop, weights, function* ({ name }) {
      const weight = byName.get(name)!;
      if (weight.options === undefined) yield* copiedBytes(weight.from.folders[0]!, weight);
      else findings.push(yield* mergedBytes(request, method, weight.options, weight.from, weight, weight.drawnAs));
      request.onTensor?.(++done, weights.length, name);
    }, { shardBytes: request.shardBytes });
    await copyCompanions(first.folder, target.workshop, {
      dtype,
      untie: head !== undefined,
      config,
      tokenizer,
      chatTemplate,
    });
    const takenOf = (options: MergeOptions) =>
      Object.fromEntries(Object.keys(method.options).map((name) => [name, options[name as keyof MergeOptions]]));
    const taken = common === undefined
      ? {
        optionsByWeight: Object.fromEntries(
          weights.flatMap(({ name, options }) => options === undefined ? [] : [[name, takenOf(options)]]),
        ),
      }
      : { options: takenOf(common) };
    const apart = mismatch === undefined ? {} : { configMismatch: mismatch };
    const aligned = tokenizer && { tokenizer: { source: request.tokenizer!.source, tokens: tokenizer.ids.size } };
    const made = { method: method.name, ...modelsOf(parts), ...taken, dtype: dtype ?? null, ...apart, ...aligned };
    await Deno.writeTextFile(`${target.workshop}/merge.json`, JSON.stringify(made, null, 2) + "\n");
    await target.finish();
    const overflowed = findings.reduce((sum, { overflowed }) => sum + overflowed, 0);
    const notFinite = findings.map(({ overflowed: _, ...tensor }) => tensor)
      .filter(({ merged, sources }) => merged.nan + merged.infinite > 0 || sources.length > 0);
    return {
      out: out.replace(/(?<=[^\/])\/+$/, ""),
      method: method.name,
      tensors: weights.length,
      parameters: weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      bytes,
      files,
      overflowed,
      notFinite,
      warnings: [
        ...warnings,
        ...unknownText(plan.unknownTokens),
        ...mergeWarnings({ first: first.name, mismatch, head, planned: weights, notFinite, overflowed, dtype }),
      ],
    };
  } catch (error) {
    await target.discard();
    throw asOutError(outputOf(request), error);
  }
}

/** The models of a merge for `merge.json`. */
function modelsOf(parts: readonly MergePart[]) {
  const [part] = parts as [MergePart];
  if (part.models[0]!.layers !== undefined) {
    const named = ({ model, layers }: PartModel) => ({ model, layers });
    return { slices: parts.map(({ base, models }) => ({ base: base && named(base), models: models.map(named) })) };
  }
  return { base: part.base?.model, models: part.models.map(({ model }) => model) };
}
