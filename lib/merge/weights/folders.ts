// Merging model folders, piece by piece of every tensor: models larger than memory merge in a few hundred megabytes.
import { UserError } from "../../errors.ts";
import {
  DTYPE_BYTES,
  encodeWeights,
  exists,
  isWeightDtype,
  openWeightFiles,
  type PlannedTensor,
  readJson,
  type WeightDtype,
  type WeightFiles,
  writeWeightFiles,
} from "../../huggingface/mod.ts";
import { checkSameConfigs, checkSameTokenizers, checkSameWeights } from "./compatible.ts";
import { checkModels, mergeTensor, type ModelsToMerge, PIECE } from "./merge.ts";
import type { MergeOptions, WeightMethod } from "./method.ts";
import { weightMethod } from "./methods.ts";
import { type MergeSettings, resolveOptions } from "./options.ts";
import { buffer, ranges, sizeOf, type TensorSource } from "./source.ts";

/** What {@linkcode mergeFolders} merges, and into what. */
export interface FolderMerge extends ModelsToMerge<string> {
  /** mergekit's name of the method. */
  readonly method: string;
  /** The folder to make; it must not exist, or be empty. */
  readonly out: string;
  readonly settings?: MergeSettings | undefined;
  /** Type of the merged weights. @default each weight's own in the base, or in the first model */
  readonly dtype?: WeightDtype | undefined;
  /** Largest shard. @default 5 GB */
  readonly shardBytes?: number | undefined;
  /** Elements of each model's tensor in memory at once, about. */
  readonly piece?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onTensor?: ((done: number, total: number, name: string) => void) | undefined;
}

/** What came of a merge. */
export interface FolderMergeReport {
  readonly out: string;
  readonly method: string;
  readonly tensors: number;
  readonly parameters: number;
  /** Of the merged weights. */
  readonly bytes: number;
  readonly files: readonly string[];
  /** Finite values that became infinite, for the chosen type holds none so large. */
  readonly overflowed: number;
}

/** Files besides the weights that make a model folder, copied from the base as they are. */
const COMPANIONS = [
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "tokenizer.model",
  "vocab.json",
  "merges.txt",
  "chat_template.jinja",
  "chat_template.json",
];

/** Names that PyTorch and `config.json` have for the types. */
export const TORCH_DTYPES = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const;

/**
 * Merges Hugging Face folders into a new one: merged weights, the base's configuration and tokenizer, and `merge.json`,
 * which says what was merged and how. The folder appears whole or not at all.
 *
 * @throws UserError for anything that cannot be merged, before anything is written
 */
export async function mergeFolders(request: FolderMerge): Promise<FolderMergeReport> {
  const method = weightMethod(request.method);
  const { base, models, out } = request;
  checkModels(method, { base, models });
  const options = resolveOptions(method, request.settings ?? {}, models.length);
  await checkOut(out);
  const names = [...(base === undefined ? [] : [base]), ...models];
  const folders: WeightFiles[] = [];
  try {
    for (const name of names) folders.push(await openWeightFiles(name));
    checkSameWeights(folders);
    await checkSameConfigs(names);
    await checkSameTokenizers(names);
    return await write(request, method, options, folders);
  } finally {
    for (const folder of folders) folder.close();
  }
}

async function checkOut(out: string): Promise<void> {
  if (!await exists(out)) return;
  const wrong = (what: string) =>
    new UserError("merge.out", `Cannot write the merged model: "${out}" ${what}`, "name a new folder with --out");
  if (!(await Deno.stat(out)).isDirectory) throw wrong("is a file");
  for await (const _ of Deno.readDir(out)) throw wrong("is not empty");
}

async function write(
  request: FolderMerge,
  method: WeightMethod,
  options: MergeOptions,
  folders: readonly WeightFiles[],
): Promise<FolderMergeReport> {
  const first = folders[0]!;
  const planned = [...first.weights].map(([name, { dtype, shape }]): PlannedTensor => ({
    name,
    shape,
    dtype: isWeightDtype(dtype) ? request.dtype ?? dtype : dtype,
  }));
  const out = request.out.replace(/(?<=.)\/+$/, "");
  const workshop = `${out}.partial-${crypto.randomUUID().slice(0, 8)}`;
  const tally = { done: 0, overflowed: 0 };
  try {
    await Deno.mkdir(workshop, { recursive: true });
    const { files, bytes } = await writeWeightFiles(workshop, planned, function* (weight) {
      yield* mergedBytes(request, method, options, folders, weight, tally);
      request.onTensor?.(++tally.done, planned.length, weight.name);
    }, { shardBytes: request.shardBytes });
    await writeCompanions(request, method, options, first.folder, workshop);
    if (await exists(out)) await Deno.remove(out);
    await Deno.rename(workshop, out);
    const parameters = planned.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    const { overflowed } = tally;
    return { out, method: method.name, tensors: planned.length, parameters, bytes, files, overflowed };
  } catch (error) {
    await Deno.remove(workshop, { recursive: true }).catch(() => {});
    throw writingError(out, error);
  }
}

/** What the file system refuses is the user's to mend; the rest is as it was. */
function writingError(out: string, error: unknown): unknown {
  const refused = [Deno.errors.PermissionDenied, Deno.errors.NotADirectory, Deno.errors.NotFound];
  if (!refused.some((kind) => error instanceof kind)) return error;
  return new UserError("merge.out", `Cannot write the merged model to "${out}": ${(error as Error).message}`);
}

/** The bytes of one merged tensor in successive pieces. */
function* mergedBytes(
  { base, dtype, signal, piece = PIECE }: FolderMerge,
  method: WeightMethod,
  options: MergeOptions,
  folders: readonly WeightFiles[],
  { name, shape, dtype: written }: PlannedTensor,
  tally: { overflowed: number },
): Generator<Uint8Array> {
  if (!isWeightDtype(written)) return yield* copied(folders, name, shape, piece);
  const sources = folders.map((folder) => sourceOf(folder, name));
  const inputs = base === undefined
    ? { base: undefined, models: sources }
    : { base: sources[0], models: sources.slice(1) };
  const room = buffer(Uint8Array);
  for (const values of mergeTensor(method, name, inputs, options, piece)) {
    signal?.throwIfAborted();
    if (dtype === "F16") tally.overflowed += countOverflows(values);
    yield encodeWeights(written, values, room(values.length * DTYPE_BYTES[written]));
  }
}

/** A tensor of a folder; the range that was read last is kept, for a small tensor is read several times. */
function sourceOf(folder: WeightFiles, name: string): TensorSource {
  const room = buffer(Float32Array);
  let last: { begin: number; end: number; values: Float32Array } | undefined;
  return {
    shape: folder.weights.get(name)!.shape,
    read(begin, end) {
      if (last?.begin !== begin || last.end !== end) {
        last = { begin, end, values: folder.read(name, begin, end, room(end - begin)) };
      }
      return last.values;
    },
  };
}

/** Whole numbers and the like are no weights: all models must have the same. */
function* copied(
  folders: readonly WeightFiles[],
  name: string,
  shape: readonly number[],
  piece: number,
): Generator<Uint8Array> {
  const [first, ...others] = folders;
  for (const [begin, end] of ranges(sizeOf(shape), piece)) {
    const bytes = first!.readBytes(name, begin, end);
    for (const other of others) {
      const theirs = other.readBytes(name, begin, end);
      if (bytes.length === theirs.length && bytes.every((byte, i) => byte === theirs[i])) continue;
      throw new UserError(
        "merge.dtype",
        `Cannot merge "${name}": it is ${first!.weights.get(name)!.dtype}, not F32, F16 or BF16, ` +
          `and differs between "${first!.folder}" and "${other.folder}"`,
      );
    }
    yield bytes;
  }
}

/** Values that float16 rounds to infinity. */
function countOverflows(values: Float32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]!) >= 65_520 && Number.isFinite(values[i])) count++;
  return count;
}

async function writeCompanions(
  { models, base, dtype }: FolderMerge,
  method: WeightMethod,
  options: MergeOptions,
  from: string,
  to: string,
): Promise<void> {
  for (const file of COMPANIONS) {
    if (await exists(`${from}/${file}`)) await Deno.copyFile(`${from}/${file}`, `${to}/${file}`);
  }
  const taken = Object.fromEntries(
    Object.keys(method.options).map((name) => [name, options[name as keyof MergeOptions]]),
  );
  await writeJson(`${to}/merge.json`, { method: method.name, base, models, options: taken, dtype: dtype ?? null });
  if (!await exists(`${from}/config.json`)) return;
  const config = await readJson(`${from}/config.json`);
  if (dtype !== undefined) {
    // transformers 5 calls `dtype` what versions before called `torch_dtype`.
    const key = "dtype" in config ? "dtype" : "torch_dtype";
    config[key] = TORCH_DTYPES[dtype];
  }
  await writeJson(`${to}/config.json`, config);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(value, null, 2) + "\n");
}
