// The defaults of transformers for keys that a `config.json` omits, by model type (fixtures/make_config_defaults.py).
import byKey from "./config-defaults.json" with { type: "json" };

type Default = number | string | boolean | null;

const byType = new Map<string, Record<string, Default>>();
for (const [key, values] of Object.entries(byKey) as [string, [Default, string][]][]) {
  for (const [value, types] of values) {
    for (const type of types.split(" ")) byType.set(type, { ...byType.get(type), [key]: value });
  }
}

/** The defaults of a `model_type`; empty if the type is unknown. */
export function configDefaults(modelType: unknown): Readonly<Record<string, Default>> {
  return byType.get(String(modelType)) ?? {};
}
