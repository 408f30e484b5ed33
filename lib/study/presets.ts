// The presets of the studies: those of Branch-Train-Stitch, with the study's settings.
import type { ExperimentDefinition } from "../run/mod.ts";
import { btsDefinition } from "../bts/mod.ts";

type Plain = Readonly<Record<string, unknown>>;

/** The presets `smoke`, `quick`, `study` and `lab`, with `settings` merged into them. */
export function studyPresets(settings: Plain): ExperimentDefinition<typeof btsDefinition.schema>["presets"] {
  return Object.fromEntries(
    ["smoke", "quick", "study", "lab"].map((name) => {
      const { description, config } = btsDefinition.presets[name]!;
      return [name, { description, config: merged(config as Plain, settings) }];
    }),
  );
}

function merged(below: Plain, above: Plain): Plain {
  const isPlain = (value: unknown): value is Plain =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return Object.entries(above).reduce<Plain>((result, [key, value]) => {
    const under = result[key];
    return { ...result, [key]: isPlain(under) && isPlain(value) ? merged(under, value) : value };
  }, below);
}
