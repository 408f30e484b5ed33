// What a device may offer beyond what all WebGPU devices have, and what of that our programs use.

/** What programs use; a probe has shown that it gives what it should. */
export interface Features {
  /** The device's own conversion of half-precision numbers, if one is exact; `shader-f16` needs that feature. */
  readonly halves: "shader-f16" | "unpack2x16float" | undefined;
  readonly subgroups: Subgroups | undefined;
}

/** Invocations of a workgroup that add up their numbers without its memory. */
export interface Subgroups {
  /** The most invocations in one. */
  readonly most: number;
  /** Whether a program must say `enable subgroups;`: the standard wants that, and not all devices know it yet. */
  readonly enable: boolean;
}

export const NO_FEATURES: Features = { halves: undefined, subgroups: undefined };

/** For a person: what is used, if anything. */
export function featureNames({ halves, subgroups }: Features): string[] {
  return [
    ...(halves === undefined ? [] : [halves]),
    ...(subgroups === undefined ? [] : [`subgroups of up to ${subgroups.most}`]),
  ];
}
