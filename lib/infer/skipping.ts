// Which experts rest while a text is generated: those whose gates are small. The gates of an expert follow from the hub's
// state alone, so they are known while it rests, and say when it is to come back.
import { UserError } from "../errors.ts";
import type { GatePlace } from "../model/mod.ts";
import type { ModelGates, PredictionGates, SkippingSettings, TokensRun } from "./types.ts";

/** Tokens between two decisions, unless it is said. */
const EVERY = 16;
/** The gate at which an expert comes back, unless it is said, as a multiple of that below which it rests. */
const HYSTERESIS = 1.5;

/** All settings. */
export interface Skipping {
  readonly below: number;
  readonly above: number;
  readonly every: number;
}

/**
 * Adds defaults.
 *
 * @param named how a setting is called in errors
 * @throws UserError `generate.skip`
 */
export function resolveSkipping(
  { below, above = Math.min(1, HYSTERESIS * below), every = EVERY }: SkippingSettings,
  named: (setting: keyof Skipping) => string = (setting) => `skip.${setting}`,
): Skipping {
  const refuse = (setting: keyof Skipping, value: number, wanted: string) =>
    new UserError("generate.skip", `${named(setting)} cannot be ${value}: expected ${wanted}`);
  if (!(below >= 0 && below <= 1)) throw refuse("below", below, "a gate from 0 to 1");
  if (!(above >= below && above <= 1)) throw refuse("above", above, `a gate from ${named("below")}, ${below}, to 1`);
  if (!Number.isSafeInteger(every) || every < 0) {
    throw refuse("every", every, "a whole number of tokens, or 0 to decide once, after the prompt");
  }
  return { below, above, every };
}

/** {@linkcode TokensRun} with the names of experts: `expert:code`. */
export interface NamedRun {
  readonly tokens: number;
  readonly experts: readonly { readonly name: string; readonly tokens: number }[];
}

/** Decides, as a text grows, which experts rest. */
export interface Skipper {
  /** Experts that rest now. */
  readonly resting: readonly number[];
  /**
   * Takes what a pass read.
   *
   * @param demand the gates that all models would have at each token, by place with shares, by model
   */
  read(demand: readonly PredictionGates[]): void;
  /** The experts that rest from here on, if it is time to decide and that changes. */
  decide(): readonly number[] | undefined;
  /** What was run so far. */
  readonly run: TokensRun;
}

/**
 * Begins a text whose prompt is read by all experts.
 *
 * An expert's gate is its mean over the tokens since the last decision, at the place where that is largest. It rests if
 * that is below `below`, until it is at least `above`. The first decision follows the prompt, the next ones every `every`
 * tokens; 0 for none.
 *
 * @param prompt tokens of the prompt
 * @param places those with shares, in the order of `demand`
 * @param experts numbers of models that may rest
 */
export function createSkipper(
  { below, above, every }: Skipping,
  prompt: number,
  places: readonly GatePlace[],
  experts: readonly number[],
): Skipper {
  let resting: readonly number[] = [];
  let next = prompt;
  let [tokens, counted] = [0, 0];
  let sums = places.map(({ models }) => models.map(() => 0));
  const run = new Map(experts.map((expert) => [expert, 0]));
  const missed = new Map(experts.map((expert) => [expert, 0]));

  const gateOf = (expert: number) =>
    Math.max(...places.map(({ models }, place) => sums[place]![models.indexOf(expert)]! / counted));

  function decide(): readonly number[] | undefined {
    if (tokens < next) return undefined;
    const before = resting;
    resting = experts.filter((expert) => gateOf(expert) < (before.includes(expert) ? above : below));
    next = every === 0 ? Infinity : tokens + every;
    [sums, counted] = [sums.map((row) => row.map(() => 0)), 0];
    const back = before.filter((expert) => !resting.includes(expert));
    for (const expert of back) add(run, expert, missed.get(expert)!);
    for (const expert of back) missed.set(expert, 0);
    return resting.join() === before.join() ? undefined : resting;
  }

  return {
    get resting() {
      return resting;
    },
    decide,
    read(demand) {
      for (const gates of demand) gates.forEach((row, place) => row.forEach((gate, i) => sums[place]![i]! += gate));
      tokens += demand.length;
      counted += demand.length;
      for (const expert of experts) add(resting.includes(expert) ? missed : run, expert, demand.length);
    },
    get run() {
      return { tokens, experts: experts.map((model) => ({ model, tokens: run.get(model)! })) };
    },
  };
}

/** What was run, with the names of experts. */
export function runByName({ tokens, experts }: TokensRun, { models }: Pick<ModelGates, "models">): NamedRun {
  return { tokens, experts: experts.map(({ model, tokens }) => ({ name: models[model]!.name, tokens })) };
}

function add(counts: Map<number, number>, key: number, count: number): void {
  counts.set(key, counts.get(key)! + count);
}
