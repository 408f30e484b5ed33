// Merges model folders piece by piece, so that models larger than memory merge in a few hundred megabytes.
import { UserError } from "../../errors.ts";
import {
  asOutError,
  checkTarget,
  isWeightDtype,
  openTarget,
  openWeightFiles,
  type PlannedTensor,
  type WeightDtype,
  type WeightFiles,
  writeWeightFiles,
} from "../../huggingface/mod.ts";
import { copyCompanions } from "./companions.ts";
import { configError, configMismatch } from "./configs.ts";
import { depths } from "./depth.ts";
import { type MatchedFolder, matchFolders, untiedHead } from "./matching.ts";
import { checkModels, type ModelsToMerge } from "./merge.ts";
import { copiedBytes, mergedBytes, type TensorFindings } from "./merged-tensor.ts";
import type { MergeOptions, WeightMethod } from "./method.ts";
import { weightMethod } from "./methods.ts";
import { type MergeSettings, resolveOptions } from "./options.ts";
import { withoutFolder } from "./same-folder.ts";
import { sharedTensors } from "./shared.ts";
import { sizeOf } from "./source.ts";
import { checkSameTokenizers } from "./tokenizers.ts";
import { mergeWarnings } from "./warnings.ts";

/** Input and output of {@linkcode mergeFolders}. */
export interface FolderMerge extends ModelsToMerge<string> {
  /** The method's name in mergekit. */
  readonly method: string;
  /** Output folder; it must not exist or must be empty. A link to an empty folder is followed. */
  readonly out: string;
  /** The same for all weights, or by the name and depth ({@linkcode depths}) of each. */
  readonly settings?: MergeSettings | ((tensor: string, depth: number) => MergeSettings) | undefined;
  /** Type of the merged weights. @default the type of each weight in the base, or in the first model */
  readonly dtype?: WeightDtype | undefined;
  /** Whether to merge models whose `config.json` files give equal weights different meanings. @default false */
  readonly allowConfigMismatch?: boolean | undefined;
  /** Maximum size of a shard in bytes. @default 5 GB */
  readonly shardBytes?: number | undefined;
  /** About how many elements of each model's tensor to hold in memory at once. */
  readonly piece?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onTensor?: ((done: number, total: number, name: string) => void) | undefined;
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
export async function mergeFolders(request: FolderMerge): Promise<FolderMergeReport> {
  const method = weightMethod(request.method);
  const { base } = request;
  const listed = base !== undefined && method.name !== "slerp";
  const models = listed ? await withoutFolder(request.models, base) : request.models;
  checkModels(method, { base, models });
  const { settings = {} } = request;
  const resolve = (settings: MergeSettings) => resolveOptions(method, settings, models.length);
  const common = typeof settings === "function" ? undefined : resolve(settings);
  await checkTarget(outputOf(request));
  const names = [...(base === undefined ? [] : [base]), ...models];
  const files: WeightFiles[] = [];
  try {
    for (const name of names) files.push(await openWeightFiles(name));
    const folders = await matchFolders(files);
    const mismatch = await configMismatch(names);
    if (mismatch !== undefined && !request.allowConfigMismatch) throw configError(mismatch);
    await checkSameTokenizers(names);
    const weights = [...files[0]!.weights].flatMap(([name, { dtype }]) => isWeightDtype(dtype) ? [name] : []);
    // Without random draws and settings by name, equal tensors merge to equal tensors anyway.
    const drawn = "seed" in method.options || common === undefined;
    const shared = drawn ? sharedTensors(weights, folders) : new Map<string, string>();
    const depth = depths(weights);
    const options = new Map(weights.map((name) => {
      if (typeof settings !== "function") return [name, common!];
      const alike = shared.get(name) ?? name;
      return [name, named(name, () => resolve(settings(alike, depth.get(alike)!)))];
    }));
    return await write({ ...request, models }, method, { common, options, shared }, folders, mismatch);
  } finally {
    for (const folder of files) folder.close();
  }
}

const outputOf = ({ out }: FolderMerge) => ({ out, code: "merge.out", what: "the merged model" });

/** Adds the name of a weight to an error about its options. */
function named(weight: string, resolve: () => MergeOptions): MergeOptions {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "merge.option") throw error;
    throw new UserError(error.code, `Cannot merge ${weight}: ${error.message}`, error.hint);
  }
}

/** The options of each weight, and what they have in common. */
interface Plan {
  /** Undefined if the options differ between weights. */
  readonly common: MergeOptions | undefined;
  readonly options: ReadonlyMap<string, MergeOptions>;
  /** Names of weights that are copies of others, by the name that draws and options depend on. */
  readonly shared: ReadonlyMap<string, string>;
}

async function write(
  request: FolderMerge,
  method: WeightMethod,
  { common, options, shared }: Plan,
  folders: readonly MatchedFolder[],
  mismatch: string | undefined,
): Promise<FolderMergeReport> {
  const { out, base, models, dtype } = request;
  const first = folders[0]!;
  const planned = [...first.files.weights].map(([name, { dtype, shape }]): PlannedTensor => ({
    name,
    shape,
    dtype: isWeightDtype(dtype) ? request.dtype ?? dtype : dtype,
  }));
  const target = await openTarget(outputOf(request));
  try {
    const head = await untiedHead(folders);
    const findings: TensorFindings[] = [];
    let done = 0;
    const { files, bytes } = await writeWeightFiles(target.workshop, planned, function* (weight) {
      if (isWeightDtype(weight.dtype)) {
        const drawnAs = shared.get(weight.name) ?? weight.name;
        findings.push(yield* mergedBytes(request, method, options.get(weight.name)!, folders, weight, drawnAs));
      } else yield* copiedBytes(first, weight);
      request.onTensor?.(++done, planned.length, weight.name);
    }, { shardBytes: request.shardBytes });
    await copyCompanions(first.folder, target.workshop, { dtype, untie: head !== undefined });
    const takenOf = (options: MergeOptions) =>
      Object.fromEntries(Object.keys(method.options).map((name) => [name, options[name as keyof MergeOptions]]));
    const taken = common === undefined
      ? { optionsByWeight: Object.fromEntries([...options].map(([name, one]) => [name, takenOf(one)])) }
      : { options: takenOf(common) };
    const apart = mismatch === undefined ? {} : { configMismatch: mismatch };
    const made = { method: method.name, base, models, ...taken, dtype: dtype ?? null, ...apart };
    await Deno.writeTextFile(`${target.workshop}/merge.json`, JSON.stringify(made, null, 2) + "\n");
    await target.finish();
    const overflowed = findings.reduce((sum, { overflowed }) => sum + overflowed, 0);
    const notFinite = findings.map(({ overflowed: _, ...tensor }) => tensor)
      .filter(({ merged, sources }) => merged.nan + merged.infinite > 0 || sources.length > 0);
    return {
      out: out.replace(/(?<=[^\/])\/+$/, ""),
      method: method.name,
      tensors: planned.length,
      parameters: planned.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      bytes,
      files,
      overflowed,
      notFinite,
      warnings: mergeWarnings({ first: first.folder, mismatch, head, planned, notFinite, overflowed, dtype }),
    };
  } catch (error) {
    await target.discard();
    throw asOutError(outputOf(request), error);
  }
}
