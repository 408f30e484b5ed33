// Models as arguments of `deno task merge`, with an adapter after `+`.
import { UserError } from "../errors.ts";
import { inputParts } from "../merge/mod.ts";
import { hubCheckpoint, isHubId } from "../pretrained/mod.ts";
import { modelFolder } from "./model-folder.ts";

/** Finds models, and speaks of them by the names that they were given by. */
export interface MergeModels {
  /**
   * The folder or file that an argument means, as `modelFolder()` finds it, or else that of a model on the Hugging Face hub;
   * of `base+lora`, both.
   *
   * @throws UserError as `modelFolder()` and `hubCheckpoint()` do
   */
  readonly find: (text: string) => Promise<string>;
  /** A text in which models have the names that they were given by: `last:code` for a folder in `runs/.cells`. */
  readonly asGiven: (text: string) => string;
  /** What `body` returns; messages of its errors name models as they were given. */
  readonly withNames: <T>(body: () => Promise<T>) => Promise<T>;
}

/** @param runsFolder folder of the runs that models may be of */
export function mergeModels(runsFolder: string): MergeModels {
  const given = new Map<string, string>();
  const asGiven = (text: string) => [...given].reduce((said, [path, name]) => said.replaceAll(path, name), text);
  const found = (path: string, name: string) => {
    if (path !== name && !given.has(path)) given.set(path, name);
    return path;
  };
  return {
    asGiven,
    async find(text) {
      const { model, adapter } = await inputParts(text);
      const folder = found(await onHub(await modelFolder(runsFolder, model)), model);
      return adapter === undefined ? folder : `${folder}+${found(await onHub(adapter, "adapter"), adapter)}`;
    },
    async withNames(body) {
      try {
        return await body();
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        throw new UserError(
          error.code,
          asGiven(error.message),
          error.hint === undefined ? undefined : asGiven(error.hint),
        );
      }
    },
  };
}

async function onHub(path: string, kind: "model" | "adapter" = "model"): Promise<string> {
  if (!isHubId(path) || await Deno.stat(path).then(() => true, () => false)) return path;
  const failure = `Cannot merge "${path}" (no such path, so taken for a model on the Hugging Face hub)`;
  const report = (name: string, bytes: number) => console.error(`Downloading ${name} (${(bytes / 1e6).toFixed(1)} MB)`);
  return (await hubCheckpoint(path, failure, report, kind)).folder;
}
