// The decoder's rotary embedding from and to the keys of a `config.json`.
import { z } from "zod";
import type { ModelConfig, RopeScaling } from "../model/mod.ts";
import { ropeParameters } from "./rope.ts";

const positive = z.number().positive();
const factor = z.number().min(1);
const original = z.int().positive();

/** Parameters of each type of scaling, by transformers' names. Unknown keys are refused. */
const TYPES = {
  linear: z.strictObject({ factor }),
  dynamic: z.strictObject({ factor, original_max_position_embeddings: original }),
  yarn: z.strictObject({
    factor: factor.nullish(),
    original_max_position_embeddings: original,
    attention_factor: positive.nullish(),
    beta_fast: positive.nullish(),
    beta_slow: positive.nullish(),
    mscale: z.number().nonnegative().nullish(),
    mscale_all_dim: z.number().nonnegative().nullish(),
    truncate: z.boolean().nullish(),
  }),
  llama3: z.strictObject({
    factor,
    low_freq_factor: positive,
    high_freq_factor: positive,
    original_max_position_embeddings: original,
  }).refine((scaling) => scaling.high_freq_factor > scaling.low_freq_factor, {
    message: "high_freq_factor must be above low_freq_factor",
  }),
};

type Read = {
  readonly ropeTheta: number;
  readonly scaling: RopeScaling | undefined;
  /** What `max_position_embeddings` is multiplied by for the longest text. */
  readonly contextFactor: number;
};

/**
 * The rotary embedding of a configuration.
 *
 * @param config with number `max_position_embeddings`
 * @param refuse called with what cannot be computed
 */
export function ropeScaling(
  config: Readonly<Record<string, unknown>> & { readonly max_position_embeddings: number },
  refuse: (what: string) => never,
): Read {
  const isFilled = typeof config.rope_scaling === "object" && Object.keys(config.rope_scaling ?? {}).length > 0;
  const key = isFilled ? "rope_scaling" : "rope_parameters";
  const found = ropeParameters(config, { rope_theta: 10_000 }).get("");
  if (found === undefined) return refuse(`${key} differs between layers, which is not computed`);
  const { rope_type: type, rope_theta, scaling } = found;
  const ropeTheta = rope_theta!;
  if (type === "default") {
    const [unknown] = Object.keys(scaling);
    if (unknown !== undefined) refuse(`${key}.${unknown} is not supported without scaling`);
    return { ropeTheta, scaling: undefined, contextFactor: 1 };
  }
  if (!Object.hasOwn(TYPES, type)) {
    return refuse(
      `${key} has the type ${JSON.stringify(type)}, and default, ${Object.keys(TYPES).join(", ")} are supported`,
    );
  }
  const parsed = TYPES[type as keyof typeof TYPES].safeParse(scaling);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    return refuse(`${[key, ...path].join(".")} of the type ${type}: ${message}`);
  }
  const read = scalingOf(type as RopeScaling["type"], parsed.data as Stated, config.max_position_embeddings);
  // Without dynamic scaling beyond them, max_position_embeddings is the longest text.
  return { ropeTheta, scaling: read, contextFactor: read.type === "dynamic" ? read.factor : 1 };
}

/** The union of the types' parameters, as checked. */
interface Stated {
  readonly factor?: number | null;
  readonly original_max_position_embeddings: number;
  readonly attention_factor?: number | null;
  readonly beta_fast?: number | null;
  readonly beta_slow?: number | null;
  readonly mscale?: number | null;
  readonly mscale_all_dim?: number | null;
  readonly truncate?: boolean | null;
  readonly low_freq_factor: number;
  readonly high_freq_factor: number;
}

function scalingOf(type: RopeScaling["type"], stated: Stated, context: number): RopeScaling {
  const originalContext = stated.original_max_position_embeddings;
  const factor = stated.factor ?? context / originalContext;
  switch (type) {
    case "linear":
      return { type, factor };
    case "dynamic":
      return { type, factor, originalContext };
    case "yarn":
      return {
        type,
        factor,
        originalContext,
        attentionFactor: stated.attention_factor ?? yarnAttention(factor, stated),
        betaFast: stated.beta_fast ?? 32,
        betaSlow: stated.beta_slow ?? 1,
        truncate: stated.truncate ?? true,
      };
    case "llama3":
      return {
        type,
        factor,
        originalContext,
        lowFrequency: stated.low_freq_factor,
        highFrequency: stated.high_freq_factor,
      };
  }
}

/** YaRN's factor of attention where none is stated (arXiv 2309.00071 §3.4; with DeepSeek's two factors). */
function yarnAttention(factor: number, { mscale, mscale_all_dim: all }: Stated): number {
  const attention = (m: number) => factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1;
  return mscale && all ? attention(mscale) / attention(all) : attention(1);
}

/** The keys of the rotary embedding, but for `rope_theta`: in version 5's writing and, if it is scaled, also in version 4's. */
export function writtenRope({ ropeTheta, ropeScaling: scaling }: ModelConfig): Record<string, unknown> {
  if (scaling === undefined) return { rope_parameters: { rope_type: "default", rope_theta: ropeTheta } };
  const scaled = { rope_type: scaling.type, ...parametersOf(scaling) };
  return { rope_scaling: { ...scaled, rope_theta: ropeTheta }, rope_parameters: { ...scaled, rope_theta: ropeTheta } };
}

function parametersOf(scaling: RopeScaling): Record<string, unknown> {
  switch (scaling.type) {
    case "linear":
    case "dynamic":
      return { factor: scaling.factor };
    case "yarn":
      return {
        factor: scaling.factor,
        original_max_position_embeddings: scaling.originalContext,
        attention_factor: scaling.attentionFactor,
        beta_fast: scaling.betaFast,
        beta_slow: scaling.betaSlow,
        truncate: scaling.truncate,
      };
    case "llama3":
      return {
        factor: scaling.factor,
        original_max_position_embeddings: scaling.originalContext,
        low_freq_factor: scaling.lowFrequency,
        high_freq_factor: scaling.highFrequency,
      };
  }
}
