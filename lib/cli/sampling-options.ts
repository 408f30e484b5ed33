// The options that say how tokens are drawn, and their defaults from a model's `generation_config.json`.
import type { Command } from "commander";
import type { GenerationConfig } from "../huggingface/mod.ts";
import { resolveSampling, type SamplingSettings } from "../infer/mod.ts";
import { readNumber } from "../run/mod.ts";

type Name = Exclude<keyof SamplingSettings, "logitBias">;

/** The settings in the command line: what they do, and their names in `generation_config.json`, if they have one there. */
const SETTINGS: Readonly<Record<Name, { readonly help: string; readonly stored?: string }>> = {
  temperature: { help: "divides the logits; 0 takes the most likely token", stored: "temperature" },
  topK: { help: "only the k most likely tokens; 0 for all", stored: "top_k" },
  topP: { help: "only the most likely tokens whose probabilities reach this sum", stored: "top_p" },
  minP: { help: "only tokens with at least this share of the largest probability", stored: "min_p" },
  repetitionPenalty: { help: "makes tokens less likely that occurred; 1 for none", stored: "repetition_penalty" },
  presencePenalty: { help: "subtracted from the logits of tokens that were generated" },
  frequencyPenalty: { help: "the same, for each time that a token was generated" },
  seed: { help: "random seed; the same seed draws the same text" },
};

/** Names of the settings. */
export const samplingNames = Object.keys(SETTINGS) as Name[];

/** `topP` is `--top-p` in the command line. */
export const optionOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Adds the options to a command. */
export function addSamplingOptions(command: Command): Command {
  for (const name of samplingNames) command.option(`${optionOf(name)} <number>`, SETTINGS[name].help);
  return command;
}

/**
 * The settings that options give.
 *
 * @throws UserError `command.malformed` for what is not a number, `generate.sampling` for one out of range
 */
export function readSamplingOptions(options: Readonly<Record<string, unknown>>): SamplingSettings {
  const given = samplingNames.flatMap((name) =>
    options[name] === undefined ? [] : [[name, String(options[name])] as const]
  );
  const settings = Object.fromEntries(given.map(([name, text]) => [name, readNumber(optionOf(name), text)]));
  resolveSampling(settings, Infinity, optionOf);
  return settings;
}

/**
 * How a model draws tokens where nothing else is asked for: as its `generation_config.json` says if that has
 * `do_sample`, and otherwise the most likely ones.
 */
export function defaultSampling(generation: GenerationConfig | undefined): SamplingSettings {
  if (generation?.["do_sample"] !== true) return { temperature: 0 };
  const stored = samplingNames.flatMap((name) => {
    const value = generation[SETTINGS[name].stored ?? ""];
    return typeof value === "number" ? [[name, value] as const] : [];
  });
  return Object.fromEntries(stored);
}
