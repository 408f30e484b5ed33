// `gates`, which OpenAI's API does not have: how much of each of the models that a model is made of goes into each token.
import { z } from "@hono/zod-openapi";
import type { PredictionGates } from "../infer/mod.ts";
import { invalidParameter } from "./errors.ts";
import type { ServedModel } from "./registry.ts";

const tokenSchema = z.strictObject({
  id: z.int(),
  text: z.string().openapi({ description: "What the token adds to the text; all of them together are the text" }),
  gates: z.array(z.array(z.number())).nullable().openapi({
    description:
      "By place and model there, to four decimals; null for the first token of a text, which nothing predicts",
  }),
});

/** Of a choice. In streams, models and places come with the first event only. */
export const gatesSchema = z.strictObject({
  models: z.array(z.strictObject({ name: z.string(), color: z.string() })).optional(),
  places: z.array(z.strictObject({
    title: z.string(),
    models: z.array(z.int()).openapi({ description: "Indexes into `models`" }),
    shares: z.boolean().openapi({ description: "Whether the gates of a token sum to 1" }),
  })).optional().openapi({ description: "Those of the last place are shares: the model with the largest one speaks" }),
  tokens: z.array(tokenSchema),
}).openapi("Gates");

type Gates = z.infer<typeof gatesSchema>;

/** A token whose gates are told. */
export interface GatedToken {
  readonly id: number;
  readonly text: string;
  readonly gates?: PredictionGates | null | undefined;
}

/** @throws ApiError if gates are asked of a model without any */
export function checkGates(asked: boolean | null | undefined, { gates }: ServedModel, name: string): void {
  if (!asked || gates !== undefined) return;
  throw invalidParameter(
    "gates",
    `The model '${name}' weighs no other models, so it has no gates; of a run's models, bts and btm have them`,
    "unsupported_parameter",
  );
}

/**
 * The numbers of the models that a request switches off.
 *
 * @throws ApiError for names of models that cannot be switched off
 */
export function switchedOff(
  names: readonly string[] | null | undefined,
  { gates }: ServedModel,
  model: string,
): { readonly without?: readonly number[] } {
  if (names == null || names.length === 0) return {};
  const numbers = new Map((gates?.switchable ?? []).map((number) => [gates!.models[number]!.name, number]));
  const wrong = names.find((name) => !numbers.has(name));
  if (wrong === undefined) return { without: names.map((name) => numbers.get(name)!) };
  const can = numbers.size === 0
    ? "of a run's models, bts and btm can switch models off"
    : `it can do without ${[...numbers.keys()].join(", ")}`;
  throw invalidParameter("without", `The model '${model}' cannot do without '${wrong}': ${can}`);
}

/**
 * The `gates` of a choice, as a property to spread; nothing if they were not asked for.
 *
 * @param withNames whether models and places are named
 */
export function writeGates(
  asked: boolean | null | undefined,
  { gates }: ServedModel,
  tokens: readonly GatedToken[],
  withNames = false,
): { readonly gates?: Gates } {
  if (!asked || gates === undefined) return {};
  const names: Pick<Gates, "models" | "places"> = withNames
    ? {
      models: [...gates.models],
      places: gates.places.map(({ title, models, shares }) => ({ title, models: [...models], shares })),
    }
    : {};
  return {
    gates: {
      ...names,
      tokens: tokens.map(({ id, text, gates }) => ({
        id,
        text,
        gates: gates?.map((row) => row.map((gate) => Math.round(1e4 * gate) / 1e4)) ?? null,
      })),
    },
  };
}

/** Tokens with the text that was held back until the end, which belongs to the last of them. */
export function withRest(tokens: readonly GatedToken[], rest: string): readonly GatedToken[] {
  const last = tokens.at(-1);
  return last === undefined || rest === "" ? tokens : [...tokens.slice(0, -1), { ...last, text: last.text + rest }];
}
