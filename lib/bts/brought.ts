// Models that were trained elsewhere and brought along (the setting `pretrained`).
import { isDeepStrictEqual } from "node:util";
import { type ChatTemplate, type ModelToSave, specialIds } from "../huggingface/mod.ts";
import { openPretrained, type PretrainedModel, readPretrained } from "../pretrained/mod.ts";
import type { BtsConfig } from "./config.ts";

/** A model that was trained elsewhere, with the content hash that it had when the run began. */
export type BroughtModel = PretrainedModel & { readonly hash: string };

/** By their keys in the setting `pretrained`: `seed`, or the expert's domain. */
export type Brought = ReadonlyMap<string, BroughtModel>;

/** What a model folder says besides shape, weights and tokenizer. */
type Conventions = Pick<ModelToSave, "special" | "chatTemplate" | "generation">;

/** Whether a model comes from a checkpoint. @param name `seed`, or the expert's domain */
export function isBrought({ pretrained }: Pick<BtsConfig, "pretrained">, name: string): boolean {
  return Object.hasOwn(pretrained, name);
}

/** The model whose shape and tokenizer all others have: the seed, or else the first expert from a checkpoint. */
export function leadName(config: Pick<BtsConfig, "pretrained" | "experts">): string | undefined {
  return ["seed", ...config.experts].find((name) => isBrought(config, name));
}

/** The model that gives shape and tokenizer; undefined if none is brought along, and in a plan. */
export function leadOf(
  { config, brought }: { readonly config: BtsConfig; readonly brought?: Brought | undefined },
): BroughtModel | undefined {
  const name = leadName(config);
  return name === undefined ? undefined : brought?.get(name);
}

/** What trained models inherit: special tokens, generation settings, and a chat template unless they are trained with another. */
export function conventionsOf(
  lab: { readonly config: BtsConfig; readonly brought?: Brought | undefined; readonly chat?: ChatTemplate | undefined },
): Conventions {
  const lead = leadOf(lab);
  return {
    ...(lead === undefined ? {} : conventionsIn(lead)),
    ...(lab.chat === undefined ? {} : { chatTemplate: lab.chat.template }),
  };
}

/** The special tokens, as far as the checkpoint names any, the chat template and the generation settings. */
export function conventionsIn(
  { special, chatTemplate, generation }: Pick<PretrainedModel, keyof Conventions>,
): Conventions {
  return {
    ...(Object.keys(special).length === 0 ? {} : { special }),
    ...(chatTemplate === undefined ? {} : { chatTemplate }),
    ...(generation === undefined ? {} : { generation }),
  };
}

/**
 * The conventions without special tokens that a model folder gets anyway: those of an expert that was trained elsewhere
 * from the run's own seed. So the seed and the other experts need not be trained again.
 */
export function ownConventions(lab: Parameters<typeof conventionsOf>[0]): Conventions {
  const { special, ...others } = conventionsOf(lab);
  const isUsual = special === undefined || isDeepStrictEqual(special, specialIds(leadOf(lab)!.tokenizer));
  return isUsual ? others : { special, ...others };
}

/**
 * Reads models once, to find out what they contain; their weights are not kept.
 *
 * @param names keys in the setting `pretrained`
 * @throws UserError as `openPretrained()` and `readPretrained()` do
 */
export async function readBrought({ pretrained }: BtsConfig, names: readonly string[]): Promise<Brought> {
  const brought = new Map<string, BroughtModel>();
  for (const name of names) {
    const setting = `pretrained.${name}`;
    const model = await openPretrained(pretrained[name]!, setting);
    const { hash } = await readPretrained(model, setting);
    brought.set(name, { ...model, hash });
  }
  return brought;
}

/** What a run notes of a model that was brought along. */
export function broughtText(name: string, { source, hash }: BroughtModel): string {
  const model = name === "seed" ? name : `expert:${name}`;
  return `${model}: from ${source}, not trained here (content ${hash}); how many tokens it was trained on is unknown.`;
}
