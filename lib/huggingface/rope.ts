// Reads rotary embedding parameters from a `config.json` of any version of Python's transformers.

/** Parameters of one rotary embedding. */
export interface RopeParameters {
  readonly rope_type: string;
  /** The base frequency. */
  readonly rope_theta: number | undefined;
  /** The fraction of each head that is rotated. */
  readonly partial_rotary_factor: number | undefined;
  /** Parameters that scale the frequencies, such as `factor`; empty for the plain embedding. */
  readonly scaling: Readonly<Record<string, unknown>>;
}

/** Used where `config.json` does not state a value. */
export interface RopeDefaults {
  readonly rope_theta?: number | undefined;
  readonly rope_local_base_freq?: number | undefined;
  readonly partial_rotary_factor?: number | undefined;
}

type Config = Readonly<Record<string, unknown>>;

/**
 * The rotary embeddings of a configuration by layer type; under "" if all layers share one.
 *
 * Before transformers 5, the frequency was a top-level key and `rope_scaling` held the rest. Since then `rope_parameters`
 * holds everything, for some models per layer type. As in transformers 5, `rope_scaling` takes precedence over
 * `rope_parameters`, and both over top-level keys.
 */
export function ropeParameters(config: Config, defaults: RopeDefaults = {}): ReadonlyMap<string, RopeParameters> {
  const { rope_local_base_freq: local = defaults.rope_local_base_freq, layer_types: _, ...top } = config;
  const found = filledObject(top.rope_scaling) ?? filledObject(top.rope_parameters) ?? {};
  const byLayer = Object.entries(found).filter(([, value]) => filledObject(value) !== undefined);
  if (byLayer.length > 0) {
    return new Map(byLayer.map(([layers, value]) => [layers, oneRope(value as Config, top, defaults)]));
  }
  const one = oneRope(found, top, defaults);
  if (typeof local !== "number") return new Map([["", one]]);
  // Gemma 3 before version 5: sliding attention layers have their own frequency and no scaling.
  const sliding = { ...oneRope({}, top, defaults), rope_theta: local };
  return new Map([["full_attention", one], ["sliding_attention", sliding]]);
}

function oneRope(given: Config, top: Config, defaults: RopeDefaults): RopeParameters {
  const { rope_type, type, rope_theta, partial_rotary_factor, ...rest } = given;
  const name = text(rope_type) ?? text(type) ?? "default";
  // Older names: Phi-3's for longrope, and Qwen2-VL's for the default with sections.
  const kind = name === "su" ? "longrope" : name === "mrope" ? "default" : name;
  return {
    rope_type: kind,
    rope_theta: number(rope_theta) ?? number(top.rope_theta) ?? number(top.rotary_emb_base) ?? defaults.rope_theta,
    partial_rotary_factor: number(partial_rotary_factor) ?? number(top.partial_rotary_factor) ??
      number(top.rotary_pct) ?? defaults.partial_rotary_factor,
    scaling: scalingOf(kind, rest, top),
  };
}

/** Parameters that only the scaled types use. */
const OF_SCALING = ["factor", "original_max_position_embeddings", "low_freq_factor", "high_freq_factor", "finetuned"];

function scalingOf(kind: string, rest: Config, top: Config): Config {
  if (kind === "default") {
    return Object.fromEntries(
      Object.entries(rest).filter(([key, value]) => value !== null && !OF_SCALING.includes(key)),
    );
  }
  const { finetuned: _, original_max_position_embeddings: own, ...scaling } = rest;
  if (kind === "linear" || kind === "proportional") return scaling;
  const trained = kind === "dynamic" ? undefined : top.original_max_position_embeddings ?? own;
  return { ...scaling, original_max_position_embeddings: trained ?? top.max_position_embeddings };
}

function filledObject(value: unknown): Config | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.keys(value).length > 0 ? value as Config : undefined;
}

const number = (value: unknown) => typeof value === "number" ? value : undefined;
const text = (value: unknown) => typeof value === "string" ? value : undefined;
