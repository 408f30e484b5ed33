// Sampling settings: defaults, and what is refused.
import { didYouMean, UserError } from "../../errors.ts";
import type { SamplingSettings } from "../types.ts";

const DEFAULTS: Required<SamplingSettings> = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
  seed: 0,
};

/** What a setting may be: the test, and how it is said. */
type Rule = readonly [(value: number) => boolean, expected: string];

const within = (low: number, high: number): Rule => [
  (value) => value >= low && value <= high,
  `a number from ${low} to ${high}`.replace("-", "−"),
];

const RULES: Readonly<Record<Exclude<keyof SamplingSettings, "logitBias">, Rule>> = {
  temperature: [(value) => value >= 0 && value < Infinity, "a number of at least 0"],
  topK: [(value) => Number.isSafeInteger(value) && value >= 0, "a whole number of at least 0 (0 for all tokens)"],
  topP: within(0, 1),
  minP: within(0, 1),
  repetitionPenalty: [(value) => value > 0 && value < Infinity, "a number above 0 (1 for no penalty)"],
  presencePenalty: within(-2, 2),
  frequencyPenalty: within(-2, 2),
  seed: [Number.isSafeInteger, "a whole number"],
};

const BIAS = within(-100, 100);

/**
 * Adds defaults to sampling settings.
 *
 * @param vocabSize number of logits, which limits the ids of `logitBias`
 * @param spelled how errors call a setting
 * @throws UserError `generate.sampling` naming the setting that is unknown or out of range
 */
export function resolveSampling(
  settings: SamplingSettings,
  vocabSize: number,
  spelled: (name: string) => string = (name) => name,
): Required<SamplingSettings> {
  const resolved: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, value] of Object.entries(settings)) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      const names = Object.keys(DEFAULTS);
      const hint = didYouMean(name, names, "", `Settings are ${names.join(", ")}`);
      throw new UserError("generate.sampling", `There is no sampling setting "${name}"`, hint);
    }
    if (value === undefined) continue;
    if (name === "logitBias") checkBias(value, vocabSize);
    else check(spelled(name), value, RULES[name as keyof typeof RULES]);
    resolved[name] = value;
  }
  return resolved as unknown as Required<SamplingSettings>;
}

function checkBias(biases: unknown, vocabSize: number): void {
  if (!(biases instanceof Map)) throw wrong("logitBias", biases, "a Map from token ids to numbers");
  for (const [id, bias] of biases) {
    if (!Number.isInteger(id) || id < 0 || id >= vocabSize) {
      throw wrong("logitBias", id, `token ids from 0 to ${vocabSize - 1} as keys`);
    }
    check(`logitBias of token ${id}`, bias, BIAS);
  }
}

function check(name: string, value: unknown, [accepts, expected]: Rule): void {
  if (typeof value !== "number" || !accepts(value)) throw wrong(name, value, expected);
}

function wrong(name: string, value: unknown, expected: string): UserError {
  const given = typeof value === "string" ? JSON.stringify(value) : String(value);
  return new UserError("generate.sampling", `${name} cannot be ${given}: expected ${expected}`);
}
