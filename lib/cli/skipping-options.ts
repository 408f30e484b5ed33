// The options that let experts with small gates rest, and what is told about it.
import type { Command } from "commander";
import { UserError } from "../errors.ts";
import { type Generation, resolveSkipping, runByName, type SkippingSettings } from "../infer/mod.ts";
import type { InferenceModel } from "../library/mod.ts";
import { methodLabel } from "../methods.ts";
import { readNumber } from "../run/mod.ts";

const OPTIONS = { below: "--skip", above: "--skip-above", every: "--skip-every" } as const;

/** Adds the options to a command. */
export function addSkippingOptions(command: Command): Command {
  return command
    .option(`${OPTIONS.below} <gate>`, "do not run experts whose mean gate is below this; 0 runs all")
    .option(`${OPTIONS.above} <gate>`, "run them again when it is at least this (default: 1.5 times --skip)")
    .option(`${OPTIONS.every} <tokens>`, "tokens between decisions; 0 for one, after the prompt (default: 16)");
}

/**
 * The settings that options give, as a property of a request.
 *
 * @throws UserError `command.malformed` for what is not a number, `generate.skip` for settings out of range, or without
 *   the first
 */
export function readSkippingOptions(options: Readonly<Record<string, unknown>>): { readonly skip?: SkippingSettings } {
  const { skip, skipAbove, skipEvery } = options as Readonly<Record<string, string | undefined>>;
  if (skip === undefined) {
    const alone = skipAbove !== undefined ? OPTIONS.above : skipEvery !== undefined ? OPTIONS.every : undefined;
    if (alone === undefined) return {};
    throw new UserError(
      "generate.skip",
      `${alone} has no effect without ${OPTIONS.below}`,
      `give ${OPTIONS.below} 0.05`,
    );
  }
  const settings = {
    below: readNumber(OPTIONS.below, skip),
    ...(skipAbove === undefined ? {} : { above: readNumber(OPTIONS.above, skipAbove) }),
    ...(skipEvery === undefined ? {} : { every: readNumber(OPTIONS.every, skipEvery) }),
  };
  return { skip: resolveSkipping(settings, (name) => OPTIONS[name]) };
}

/** @throws UserError `generate.skip` for a model without experts that may rest */
export function checkSkipping(
  { skip }: { readonly skip?: SkippingSettings },
  { model, name, source }: InferenceModel,
): void {
  if (skip === undefined || model.canRest) return;
  throw new UserError(
    "generate.skip",
    `${name ?? source} has no experts that could be skipped`,
    `of a run's models, bts has; leave out ${OPTIONS.below} for others`,
  );
}

/** `Tokens run: code expert 100 %, math expert 34 %`; undefined if no expert could rest. */
export function skippingText(
  { gates }: Pick<InferenceModel, "gates">,
  ends: readonly Generation[],
): string | undefined {
  const runs = ends.flatMap(({ run }) => run === undefined ? [] : [runByName(run, gates!)]);
  if (runs.length === 0) return undefined;
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const tokens = sum(runs.map(({ tokens }) => tokens));
  const shares = runs[0]!.experts.map(({ name }, i) => {
    const share = sum(runs.map(({ experts }) => experts[i]!.tokens)) / Math.max(1, tokens);
    return `${methodLabel(name)} ${Math.round(100 * share)} %`;
  });
  return `Tokens run: ${shares.join(", ")}`;
}
