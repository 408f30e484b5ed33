// The file of a trained merge: its trained parameters, its configuration, and the content hashes of the models it was
// trained with.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { jsonTextSchema, readSafetensors, writeSafetensors } from "../huggingface/mod.ts";
import type { HostTensor, HostWeights } from "../model/mod.ts";

/** How files name a kind of method, and the settings that they hold of it. */
export interface MergeFormat<Config> {
  readonly kind: string;
  readonly schema: z.ZodType<Config>;
}

/** The contents of a merge file. */
export interface MergeFile<Config = unknown> {
  /** The kind of the method, and its settings. */
  readonly method: { readonly kind: string; readonly config: Config };
  /** The trained parameters. */
  readonly weights: HostWeights;
  /** The models that it was trained with and needs, the seed first, each with the content hash of its weights. */
  readonly models: readonly { readonly name: string; readonly weights: string }[];
}

const FORMAT = "stitchbook-merge";

const metadataSchema = z.object({
  format: z.literal(FORMAT),
  method: jsonTextSchema.pipe(z.strictObject({ kind: z.string(), config: z.unknown() })),
  models: jsonTextSchema.pipe(z.array(z.strictObject({ name: z.string(), weights: z.string().min(1) })).min(1)),
});

/**
 * Writes a merge file: safetensors, with the method and the models in its metadata.
 *
 * @throws UserError when the file cannot be written
 */
export async function saveMerge(path: string, { method, weights, models }: MergeFile): Promise<void> {
  await writeSafetensors(path, weights, {
    format: FORMAT,
    method: JSON.stringify(method),
    models: JSON.stringify(models.map(({ name, weights }) => ({ name, weights }))),
  });
}

/**
 * Reads a merge file.
 *
 * @param format of the expected method
 * @param models content hashes of the models to use it with, the seed first: they must be those it was trained with
 * @throws UserError `merge.file` when it is not such a file, `merge.frozen` when it was trained with other models
 */
export async function loadMerge<Config>(
  path: string,
  { kind, schema }: MergeFormat<Config>,
  models: readonly string[],
): Promise<MergeFile<Config>> {
  const { tensors, metadata } = await readSafetensors(path);
  const { method, models: made } = checked(path, metadataSchema.safeParse(metadata));
  if (method.kind !== kind) {
    throw new UserError("merge.file", `Cannot use "${path}": it holds a merge of kind ${method.kind}, not ${kind}`);
  }
  const config = checked(path, schema.safeParse(method.config), ["method", "config"]);
  const weights: Record<string, HostTensor> = {};
  for (const [name, { shape, data }] of tensors) {
    if (!(data instanceof Float32Array)) {
      throw new UserError(
        "merge.file",
        `Cannot read "${path}" as a merge: the tensor "${name}" does not hold floating-point numbers`,
      );
    }
    weights[name] = { shape, data };
  }
  checkModels(path, made, models);
  return { method: { kind, config }, weights, models: made };
}

function checked<T>(path: string, read: z.ZodSafeParseResult<T>, within: readonly string[] = []): T {
  if (read.success) return read.data;
  const { path: place, message } = read.error.issues[0]!;
  throw new UserError(
    "merge.file",
    `Cannot read "${path}" as a merge: its metadata "${[...within, ...place].join(".")}": ${message}`,
  );
}

function checkModels(path: string, made: MergeFile["models"], here: readonly string[]): void {
  if (made.length !== here.length) throw other(path, `${made.length} models, not ${here.length}`);
  made.forEach(({ name, weights }, i) => {
    if (weights !== here[i]) throw other(path, `model ${i + 1} (${name}) ${short(weights)}, not ${short(here[i]!)}`);
  });
}

function other(path: string, what: string): UserError {
  return new UserError(
    "merge.frozen",
    `The merge in "${path}" was trained with ${what}`,
    "Use the models that it was trained with, in the same order, or train it for these models",
  );
}

const short = (hash: string) => hash.slice(0, 12);
