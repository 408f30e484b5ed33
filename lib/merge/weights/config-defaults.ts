// What transformers takes for a key that `config.json` leaves out, by the kind of model.
import byKey from "./config-defaults.json" with { type: "json" };

/** A default: a number, a text, a yes or no, or null. */
type Default = number | string | boolean | null;

const byKind = new Map<string, Record<string, Default>>();
for (const [key, values] of Object.entries(byKey) as [string, [Default, string][]][]) {
  for (const [value, kinds] of values) {
    for (const kind of kinds.split(" ")) byKind.set(kind, { ...byKind.get(kind), [key]: value });
  }
}

/** The defaults of a `model_type`; none for one that is not known. */
export function configDefaults(modelType: unknown): Readonly<Record<string, Default>> {
  return byKind.get(String(modelType)) ?? {};
}
