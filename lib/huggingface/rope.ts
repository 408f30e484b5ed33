// The rotary embedding that a `config.json` describes, in the forms of all versions of Python's transformers.

/** Parameters of one rotary embedding: its type, base frequency, the fraction of a head that it rotates, and the rest. */
export interface RopeParameters {
  readonly rope_type: string;
  readonly rope_theta: number | undefined;
  readonly partial_rotary_factor: number | undefined;
  /** What scales the frequencies, such as `factor`; empty for the plain embedding. */
  readonly scaling: Readonly<Record<string, unknown>>;
}

/** Read at the top of `config.json` where the parameters do not say. */
export interface RopeDefaults {
  readonly rope_theta?: number | undefined;
  readonly rope_local_base_freq?: number | undefined;
  readonly partial_rotary_factor?: number | undefined;
}

type Config = Readonly<Record<string, unknown>>;

/**
 * The rotary embeddings of a configuration, by the type of layer that uses them; under "" when all layers share one.
 *
 * Before version 5 of transformers the frequency stood at the top of the file and `rope_scaling` held the rest; since
 * then `rope_parameters` holds all of it, for some models once for each type of layer. As in version 5, `rope_scaling`
 * counts before `rope_parameters`, and what they say counts before what stands at the top.
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
  // Gemma 3 before version 5: layers of sliding attention have a frequency of their own, without scaling.
  const sliding = { ...oneRope({}, top, defaults), rope_theta: local };
  return new Map([["full_attention", one], ["sliding_attention", sliding]]);
}

function oneRope(given: Config, top: Config, defaults: RopeDefaults): RopeParameters {
  const { rope_type, type, rope_theta, partial_rotary_factor, ...rest } = given;
  const name = text(rope_type) ?? text(type) ?? "default";
  // Old names: Phi-3's for longrope; Qwen2-VL's, whose sections stand beside it.
  const kind = name === "su" ? "longrope" : name === "mrope" ? "default" : name;
  return {
    rope_type: kind,
    rope_theta: number(rope_theta) ?? number(top.rope_theta) ?? number(top.rotary_emb_base) ?? defaults.rope_theta,
    partial_rotary_factor: number(partial_rotary_factor) ?? number(top.partial_rotary_factor) ??
      number(top.rotary_pct) ?? defaults.partial_rotary_factor,
    scaling: scalingOf(kind, rest, top),
  };
}

/** Parameters that only scaled types read. */
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
