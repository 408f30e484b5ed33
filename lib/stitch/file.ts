// The stitch file: the stitches, their configuration, and content hashes of the frozen models that they belong to.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { jsonTextSchema, readSafetensors, writeSafetensors } from "../huggingface/mod.ts";
import type { HostTensor, HostWeights } from "../model/mod.ts";
import { type StitchConfig, stitchConfigSchema } from "./config.ts";

/** What a stitch file says. */
export interface StitchFile {
  readonly config: StitchConfig;
  /** Parameters as `initialStitches()` names them. */
  readonly stitches: HostWeights;
  /** Content hash of the hub's weights, as `hashTensors()` gives it. */
  readonly hub: string;
  /** The experts in their order, each with the content hash of its weights. */
  readonly experts: readonly { readonly name: string; readonly weights: string }[];
}

/** Content hashes of the models to put stitches between. */
export interface FrozenHashes {
  readonly hub: string;
  readonly experts: readonly string[];
}

const FORMAT = "stitchbook-stitches";

const metadataSchema = z.object({
  format: z.literal(FORMAT),
  stitch: jsonTextSchema.pipe(stitchConfigSchema),
  hub: z.string().min(1),
  experts: jsonTextSchema.pipe(z.array(z.strictObject({ name: z.string(), weights: z.string().min(1) })).min(1)),
});

/**
 * Writes a stitch file: safetensors, with configuration and models in its metadata.
 *
 * @throws UserError when the file cannot be written
 */
export async function saveStitches(path: string, { config, stitches, hub, experts }: StitchFile): Promise<void> {
  await writeSafetensors(path, stitches, {
    format: FORMAT,
    stitch: JSON.stringify(config),
    hub,
    experts: JSON.stringify(experts.map(({ name, weights }) => ({ name, weights }))),
  });
}

/**
 * Reads a stitch file.
 *
 * @param frozen the models to use it with; stitches fit only the weights that they were trained on
 * @throws UserError `stitch.file` if it is not a stitch file, `stitch.frozen` if it belongs to other models
 */
export async function loadStitches(path: string, frozen?: FrozenHashes): Promise<StitchFile> {
  const { tensors, metadata } = await readSafetensors(path);
  const read = metadataSchema.safeParse(metadata);
  if (!read.success) {
    const { path: place, message } = read.error.issues[0]!;
    throw new UserError("stitch.file", `${path} is not a stitch file: its metadata's "${place.join(".")}": ${message}`);
  }
  const { stitch: config, hub, experts } = read.data;
  const stitches: Record<string, HostTensor> = {};
  for (const [name, { shape, data }] of tensors) {
    if (!(data instanceof Float32Array)) {
      throw new UserError("stitch.file", `${path} is not a stitch file: "${name}" is not of floating-point numbers`);
    }
    stitches[name] = { shape, data };
  }
  if (frozen !== undefined) checkFrozen(path, { hub, experts }, frozen);
  return { config, stitches, hub, experts };
}

function checkFrozen(path: string, made: Pick<StitchFile, "hub" | "experts">, here: FrozenHashes): void {
  if (made.experts.length !== here.experts.length) {
    throw other(path, `${made.experts.length} experts, not ${here.experts.length}`);
  }
  if (made.hub !== here.hub) throw other(path, `the hub ${short(made.hub)}, not ${short(here.hub)}`);
  made.experts.forEach(({ name, weights }, i) => {
    const found = here.experts[i]!;
    if (weights !== found) throw other(path, `expert ${i + 1} (${name}) ${short(weights)}, not ${short(found)}`);
  });
}

function other(path: string, what: string): UserError {
  return new UserError(
    "stitch.frozen",
    `The stitches in ${path} were made for ${what}`,
    "give the models that they were trained with, in the same order, or train stitches for these",
  );
}

const short = (hash: string) => hash.slice(0, 12);
