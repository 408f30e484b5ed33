// Defaults of settings that depend on other settings, such as a datamix on the domains.
import { z } from "zod";
import { inputSchema } from "./config-keys.ts";
import { isPlain, merge, type Plain } from "./plain.ts";

/** Computes the defaults from the settings as given, which need not be valid. */
export type DependentDefaults = (given: Plain) => Plain;

const registry = z.registry<{ readonly defaults: DependentDefaults }>();

/** A schema that fills what is left out with defaults that depend on what is given. */
export function withDependentDefaults<Schema extends z.ZodObject>(
  schema: Schema,
  defaults: DependentDefaults,
): z.ZodType<z.output<Schema>, z.input<Schema>> {
  const root = inputSchema(schema);
  const filled = z.preprocess(
    (given) => isPlain(given) ? merge(defaults(given), given, root) : given,
    schema,
  ) as unknown as z.ZodType<z.output<Schema>, z.input<Schema>>;
  registry.add(filled, { defaults });
  return filled;
}

/** The defaults of a schema that depend on the settings given; none for most schemas. */
export function dependentDefaults(schema: z.ZodType, given: Plain): Plain {
  return registry.get(schema)?.defaults(given) ?? {};
}
