// The model whose hidden states cluster documents, opened only if it is needed.
import { type Encoder, openEncoder } from "../domains/mod.ts";
import { openDevice } from "../tensor/mod.ts";
import { modelFolder } from "./model-folder.ts";

/** Opens a model: a folder, a GGUF file, a hub id, or a run, whose seed is taken, or `run:model`. */
export type OpenEncoder = (model: string, runsFolder: string) => Promise<Encoder>;

/** What `body` returns; it may open a model, on a device that is closed at the end. */
export async function withEncoder<T>(body: (open: OpenEncoder) => Promise<T>): Promise<T> {
  await using scope = new AsyncDisposableStack();
  return await body(async (model, runsFolder) => {
    const folder = await seedFolder(runsFolder, model);
    scope.use(await openDevice("auto"));
    return await openEncoder(folder, model);
  });
}

/** The folder of a model; for a run, that of its seed. */
export async function seedFolder(runsFolder: string, model: string): Promise<string> {
  const isPath = /[\\/.:]/.test(model) || await Deno.stat(model).then(() => true, () => false);
  return await modelFolder(runsFolder, isPath ? model : `${model}:seed`);
}
