// Completes settings from the checkpoints that they name: shape, context length and tokenizer.
import { nearest, UserError } from "../errors.ts";
import {
  type OpenOptions,
  openPretrained,
  type PretrainedModel,
  shapeDifference,
  tokenizerDifference,
} from "../pretrained/mod.ts";
import type { RunInvocation } from "../run/mod.ts";
import { isBrought, leadName } from "./brought.ts";
import { type BtsConfig, btsSettings } from "./config.ts";

type Origins = RunInvocation<unknown>["origins"];

/**
 * The settings that follow from the models that were trained elsewhere. Reads only their headers. Models on the hub are
 * pinned to the commit that their revision is at now.
 *
 * @param origins which source gave each setting
 * @param options.plan whether models on the hub are opened without their weights
 * @throws UserError `pretrained.domain` for a name that is no expert's, `pretrained.settings` for settings of the user that
 *   contradict a checkpoint, `pretrained.shape` and `pretrained.tokenizer` for models that do not fit together, and the
 *   errors of `openPretrained()`
 */
export async function completeFromCheckpoints(
  config: BtsConfig,
  origins: Origins,
  options: OpenOptions = {},
): Promise<Pick<BtsConfig, "model" | "tokenizer" | "pretrained">> {
  const { pretrained, experts } = config;
  checkNames(config);
  const lead = leadName(config);
  if (lead === undefined) return config;
  const setting = `pretrained.${lead}`;
  const opened = await openPretrained(pretrained[lead]!, setting, options);
  const { model, tokenizer } = settingsFrom(config, opened, setting, givenWith(origins, setting));
  const whose = lead === "seed" ? "the seed's" : `the ${lead} expert's`;
  const sources = { ...pretrained, [lead]: opened.source };
  for (const name of experts) {
    if (name !== lead && isBrought(config, name)) {
      const others = { ...opened, config: { ...opened.config, ...model } };
      sources[name] = (await openFitting(config, name, others, whose, options)).source;
    }
  }
  return { model, tokenizer, pretrained: sources };
}

/** @throws UserError `pretrained.domain` */
function checkNames({ pretrained, experts }: BtsConfig): void {
  const name = Object.keys(pretrained).find((name) => name !== "seed" && !experts.includes(name));
  if (name === undefined) return;
  const meant = nearest(name, ["seed", ...experts]);
  throw new UserError(
    "pretrained.domain",
    `Cannot use pretrained.${name}="${pretrained[name]}": there is no expert "${name}"; experts are ${
      experts.join(", ")
    }`,
    meant === undefined ? `add it to the setting experts, or use pretrained.seed` : `did you mean pretrained.${meant}?`,
  );
}

/** Whether the user, or the preset that names the checkpoint, gave a setting. */
function givenWith(origins: Origins, setting: string): (key: string) => boolean {
  // A preset or a file gives all models together, an assignment one.
  const isOfPreset = (origins[setting] ?? origins["pretrained"]) === "preset";
  const given = Object.keys(origins).filter((key) => origins[key] !== "preset" || isOfPreset);
  return (key) => given.some((one) => one === key || one.startsWith(`${key}.`));
}

/** The settings of model and tokenizer that a checkpoint gives. */
function settingsFrom(
  config: BtsConfig,
  { source, config: { vocabSize, contextLength, ...shape } }: PretrainedModel,
  setting: string,
  isGiven: (key: string) => boolean,
): Pick<BtsConfig, "model" | "tokenizer"> {
  const wrong: string[] = [];
  const { contextLength: _, ...own } = config.model;
  for (const key of new Set([...Object.keys(shape), ...Object.keys(own)]) as Set<keyof typeof own>) {
    const [set, has] = [own[key], shape[key]].map((value) => JSON.stringify(value) ?? "none");
    if (isGiven(`model.${key}`) && set !== has) wrong.push(`model.${key} ${set}, where it has ${has}`);
  }
  const time = isGiven("model.contextLength") ? config.model.contextLength : contextLength;
  if (time > contextLength) wrong.push(`model.contextLength ${time}, where it has ${contextLength}`);
  if (isGiven("tokenizer.vocabSize") && config.tokenizer.vocabSize !== vocabSize) {
    wrong.push(`tokenizer.vocabSize ${config.tokenizer.vocabSize}, where its embedding table has ${vocabSize} rows`);
  }
  if (isGiven("tokenizer.trainBytes")) wrong.push("tokenizer.trainBytes, as its tokenizer is used and none is trained");
  if (wrong.length > 0) {
    throw new UserError(
      "pretrained.settings",
      `Cannot combine ${setting}="${source}" with ${wrong.join("; ")}`,
      "leave these settings out: they follow the checkpoint; only model.contextLength may be set, to fewer tokens",
    );
  }
  const { tokenizer } = btsSettings.shape;
  const read = tokenizer.safeParse({ ...config.tokenizer, vocabSize });
  if (!read.success) {
    throw new UserError(
      "pretrained.vocabulary",
      `Cannot use ${setting}="${source}": its embedding table has ${vocabSize} rows, and 257 to 262144 are supported`,
    );
  }
  return { model: { ...shape, contextLength: time }, tokenizer: read.data };
}

/**
 * Opens a model that was trained elsewhere, and checks that it fits the others.
 *
 * @param name key in the setting `pretrained`
 * @param others shape, with the context length that is trained on, and tokenizer of the other models
 * @param whose the other models', for error messages
 * @throws UserError `pretrained.shape`, `pretrained.tokenizer`, and the errors of `openPretrained()`
 */
export async function openFitting(
  { pretrained }: BtsConfig,
  name: string,
  others: Pick<PretrainedModel, "config" | "tokenizer">,
  whose: string,
  options: OpenOptions = {},
): Promise<PretrainedModel> {
  const source = pretrained[name]!;
  const setting = `pretrained.${name}`;
  const model = await openPretrained(source, setting, options);
  const refuse = (kind: string, why: string) =>
    new UserError(
      `pretrained.${kind}`,
      `Cannot use ${setting}="${source}": ${why}`,
      "models that are stitched have the same shape and tokenizer: bring an expert that was trained from the same seed",
    );
  const shape = shapeDifference(model.config, others.config, whose);
  if (shape !== undefined) throw refuse("shape", shape);
  const { contextLength } = model.config;
  if (contextLength < others.config.contextLength) {
    throw refuse(
      "shape",
      `it reads ${contextLength} tokens, and model.contextLength is ${others.config.contextLength}`,
    );
  }
  const tokenizer = tokenizerDifference(model.tokenizer, others.tokenizer, whose);
  if (tokenizer !== undefined) throw refuse("tokenizer", tokenizer);
  return model;
}
