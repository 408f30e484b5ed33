// Optional features of WebGPU devices, and which of them our programs use.

/** The features that programs use; a probe has verified their results. */
export interface Features {
  /** The device's exact conversion of half-precision numbers, if any; `shader-f16` needs that feature. */
  readonly halves: "shader-f16" | "unpack2x16float" | undefined;
  readonly subgroups: Subgroups | undefined;
}

/** Invocations of a workgroup that reduce their numbers without workgroup memory. */
export interface Subgroups {
  /** Largest size of a subgroup. */
  readonly most: number;
  /** Whether programs must say `enable subgroups;`: the standard requires it, but not all implementations know it yet. */
  readonly enable: boolean;
}

export const NO_FEATURES: Features = { halves: undefined, subgroups: undefined };

/** For a person: the features in use. */
export function featureNames({ halves, subgroups }: Features): string[] {
  return [
    ...(halves === undefined ? [] : [halves]),
    ...(subgroups === undefined ? [] : [`subgroups of up to ${subgroups.most}`]),
  ];
}
