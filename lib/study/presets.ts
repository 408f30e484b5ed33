// The presets of the studies: the main job's, each with what the study changes.
import type { ExperimentDefinition } from "../run/mod.ts";
import { btsDefinition } from "../bts/mod.ts";

type Plain = Readonly<Record<string, unknown>>;

/** `smoke`, `quick`, `study` and `lab` with `settings` over them. */
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
