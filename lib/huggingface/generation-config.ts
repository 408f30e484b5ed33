// `generation_config.json`: how a model is meant to write, and where its texts end.
import { UserError } from "../errors.ts";
import { exists, readJson } from "./files.ts";

/** What `generation_config.json` says, such as `temperature`; kept as it is. */
export type GenerationConfig = Readonly<Record<string, unknown>>;

/**
 * The generation settings of a Hugging Face folder: `generation_config.json`, with the ids of the tokens that end a text from
 * `config.json` if it does not name any.
 *
 * @returns undefined if the folder has no such file, and `config.json` names at most one such token
 * @throws UserError `generation.eos` for ids that are none, and for a file that cannot be read
 */
export async function readGenerationConfig(folder: string): Promise<GenerationConfig | undefined> {
  const path = `${folder}/generation_config.json`;
  const found = await exists(path) ? await readJson(path) : undefined;
  const { eos_token_id: eos } = await exists(`${folder}/config.json`) ? await readJson(`${folder}/config.json`) : {};
  const isNamed = found?.["eos_token_id"] !== undefined && found["eos_token_id"] !== null;
  const settings = !isNamed && Array.isArray(eos) ? { ...found, eos_token_id: eos } : found;
  if (settings !== undefined) endIds(settings, isNamed ? path : `${folder}/config.json`);
  return settings;
}

/**
 * The ids of the tokens that end a text: `eos_token_id` is one or a list.
 *
 * @param path the file, for the message
 * @throws UserError `generation.eos`
 */
export function endIds({ eos_token_id: eos }: GenerationConfig, path = "generation_config.json"): readonly number[] {
  const ids = eos === undefined || eos === null ? [] : [eos].flat();
  const wrong = ids.find((id) => !Number.isSafeInteger(id) || (id as number) < 0);
  if (wrong === undefined) return ids as number[];
  throw new UserError(
    "generation.eos",
    `Cannot read "${path}": its eos_token_id has ${JSON.stringify(wrong)}, which is not the number of a token`,
    "write the ids of the tokens that end a text, such as 2 or [2, 0]",
  );
}
