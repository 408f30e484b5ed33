// Models as arguments of `deno task merge`, with an adapter after `+`.
import { inputParts } from "../merge/mod.ts";
import { hubCheckpoint, isHubId } from "../pretrained/mod.ts";
import { modelFolder } from "./model-folder.ts";

/**
 * The folder or file that an argument means, as `modelFolder()` finds it, or else that of a model on the Hugging Face hub;
 * of `base+lora`, both.
 *
 * @throws UserError as `modelFolder()` and `hubCheckpoint()` do
 */
export async function mergeModel(runsFolder: string, text: string): Promise<string> {
  const { model, adapter } = await inputParts(text);
  const found = await onHub(await modelFolder(runsFolder, model));
  return adapter === undefined ? found : `${found}+${await onHub(adapter, "adapter")}`;
}

async function onHub(path: string, kind: "model" | "adapter" = "model"): Promise<string> {
  if (!isHubId(path) || await Deno.stat(path).then(() => true, () => false)) return path;
  const failure = `Cannot merge "${path}" (no such path, so taken for a model on the Hugging Face hub)`;
  const report = (name: string, bytes: number) => console.error(`Downloading ${name} (${(bytes / 1e6).toFixed(1)} MB)`);
  return (await hubCheckpoint(path, failure, report, kind)).folder;
}
