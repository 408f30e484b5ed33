// The configuration that trains the chosen experts.
import { basename, dirname, extname } from "node:path";
import { stringify } from "yaml";
import { systemReason, UserError } from "../../lib/errors.ts";
import { writeTextAtomically } from "../../lib/run/mod.ts";
import { checkBts, isBrought } from "../../lib/bts/mod.ts";
import type { RankConfig } from "./config.ts";

const HEAD = "# Experts that deno task domains rank chose, and the datamix of their stitches.\n" +
  "# Paths are relative to the folder where a run is started.\n";

/** The settings for `deno task bts`: those of the ranking, so that text and seed are not made again, with the choice. */
export function chosenConfig(
  { probe: _probe, choice: _choice, ...config }: RankConfig,
  experts: readonly string[],
  stitch: Readonly<Record<string, number>>,
) {
  const hub = experts.includes(config.hub) ? config.hub : "seed";
  const chosen = { ...config, experts: [...experts], hub, mix: { ...config.mix, stitch } };
  checkBts(chosen);
  if (!isBrought(config, "seed")) return chosen;
  // The tokenizer is the checkpoint's, and no setting may say otherwise.
  const { tokenizer: _tokenizer, ...rest } = chosen;
  return rest;
}

/** Text of a configuration file. @param path whose extension decides between YAML and JSON */
export function configText(config: object, path: string): string {
  if (extname(path) === ".json") return `${JSON.stringify(config, null, 2)}\n`;
  return HEAD + stringify(config, { lineWidth: 0 });
}

/**
 * Checks that a configuration can be written, before anything is computed.
 *
 * @throws UserError `rank.out` for another extension, a folder that is not there, or a file that this command did not write
 */
export async function checkOut(path: string): Promise<void> {
  if (path === "") return;
  const refuse = (why: string, hint: string) => new UserError("rank.out", `Cannot write --out ${path}: ${why}`, hint);
  if (![".yaml", ".yml", ".json"].includes(extname(path))) {
    throw refuse("expected a .yaml, .yml or .json file", "for example: --out chosen.yaml");
  }
  const isFolder = await Deno.stat(dirname(path)).then(({ isDirectory }) => isDirectory, () => false);
  if (!isFolder) throw refuse(`there is no folder ${dirname(path)}`, "make it first, or name another file");
  const before = await Deno.readTextFile(path).catch((error) => error instanceof Deno.errors.NotFound ? null : "");
  if (before === null || before.startsWith(HEAD)) return;
  throw refuse(`${basename(path)} exists`, "name another file, or remove it first");
}

/**
 * Writes a configuration, whole or not at all.
 *
 * @throws UserError `rank.out` when the system refuses it, such as for a full disk
 */
export async function writeConfig(path: string, config: object): Promise<void> {
  try {
    await writeTextAtomically(path, configText(config, path));
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError(
      "rank.out",
      `Cannot write --out ${path}: ${reason}`,
      "give the same command again when it can be written: the ranking is kept, and nothing is computed again",
    );
  }
}
