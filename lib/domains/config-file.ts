// The configuration of an experiment on discovered domains.
import { join } from "node:path";
import { stringify } from "yaml";
import { writeTextAtomically } from "../run/mod.ts";

/** Name of the configuration in the folder of a clustering. */
export const CONFIG_FILE = "config.yaml";

/**
 * Writes a configuration that `deno task bts --config` runs as it is.
 *
 * @param folder where it is written
 * @param paths each domain with the path of its documents
 * @param rest the domain that has no expert, if there is one
 */
export async function writeDomainsConfig(
  folder: string,
  paths: Readonly<Record<string, string>>,
  rest?: string,
): Promise<void> {
  const experts = Object.keys(paths).filter((name) => name !== rest);
  const config = {
    data: { builtin: "none", domains: paths },
    ...(rest === undefined ? {} : { experts }),
  };
  const head = "# Domains that deno task domains discover found; clustering.json describes them.\n" +
    "# Paths are relative to the folder where a run is started.\n";
  await writeTextAtomically(join(folder, CONFIG_FILE), head + stringify(config, { lineWidth: 0 }));
}
