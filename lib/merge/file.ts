// The file of a trained merge: its trained parameters, its configuration, and the content hashes of the models it was
// trained with.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { jsonTextSchema, readSafetensors, writeSafetensors } from "../huggingface/mod.ts";
import type { HostTensor, HostWeights } from "../model/mod.ts";
import { calmConfigSchema } from "./mixture/calm.ts";
import { mixtureConfigSchema } from "./mixture/config.ts";

/** The method and its settings. */
const methodSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("mixture"), config: mixtureConfigSchema }),
  z.strictObject({ kind: z.literal("calm"), config: calmConfigSchema }),
  z.strictObject({ kind: z.literal("routing"), config: z.strictObject({}) }),
]);

export type MergeMethod = z.infer<typeof methodSchema>;

/** The contents of a merge file. */
export interface MergeFile {
  readonly method: MergeMethod;
  /** The trained parameters. */
  readonly weights: HostWeights;
  /** The models that it was trained with and needs, the seed first, each with the content hash of its weights. */
  readonly models: readonly { readonly name: string; readonly weights: string }[];
}

const FORMAT = "stitchbook-merge";

const metadataSchema = z.object({
  format: z.literal(FORMAT),
  method: jsonTextSchema.pipe(methodSchema),
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
 * @param kind the expected method
 * @param models content hashes of the models to use it with, the seed first: they must be those it was trained with
 * @throws UserError `merge.file` when it is not such a file, `merge.frozen` when it was trained with other models
 */
export async function loadMerge<Kind extends MergeMethod["kind"]>(
  path: string,
  kind: Kind,
  models: readonly string[],
): Promise<MergeFile & { readonly method: Extract<MergeMethod, { kind: Kind }> }> {
  const { tensors, metadata } = await readSafetensors(path);
  const read = metadataSchema.safeParse(metadata);
  if (!read.success) {
    const { path: place, message } = read.error.issues[0]!;
    throw new UserError(
      "merge.file",
      `Cannot read "${path}" as a merge: its metadata "${place.join(".")}": ${message}`,
    );
  }
  const { method, models: made } = read.data;
  if (method.kind !== kind) {
    throw new UserError("merge.file", `Cannot use "${path}": it holds a merge of kind ${method.kind}, not ${kind}`);
  }
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
  return { method: method as Extract<MergeMethod, { kind: Kind }>, weights, models: made };
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
