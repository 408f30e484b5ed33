// A GGUF file as a model to merge. Its configuration and tokenizer become files in a temporary folder.
import { ggufModel, openGguf } from "../../gguf/mod.ts";
import { saveCompanions, WEIGHT_DTYPES, type WeightFiles } from "../../huggingface/mod.ts";
import type { Input } from "./input.ts";

/**
 * Opens a file. Weights in blocks, such as Q4_K, are read as F32.
 *
 * @throws UserError naming the file and the problem
 */
export async function openGgufInput(path: string): Promise<Input> {
  const file = await openGguf(path);
  let folder: string | undefined;
  const close = () => {
    file[Symbol.dispose]();
    if (folder !== undefined) Deno.removeSync(folder, { recursive: true });
  };
  try {
    const model = ggufModel(file);
    folder = await Deno.makeTempDir({ prefix: "stitchbook-gguf-" });
    const weights = new Map(
      [...model.weights].map((
        [name, { type, shape }],
      ) => [name, { dtype: WEIGHT_DTYPES.find((own) => own === type) ?? "F32", shape }]),
    );
    await saveCompanions(folder, model, weights.get("model.embed_tokens.weight")!.dtype);
    const files: WeightFiles = {
      folder: path,
      weights,
      close,
      read(name, begin, end, into = new Float32Array(end - begin)) {
        into.set(model.read(name, begin, end));
        return into;
      },
      readBytes: (name) => {
        throw new TypeError(`The weight "${name}" of a GGUF file is merged, not copied`);
      },
    };
    return { name: path, folder, files, warnings: [] };
  } catch (error) {
    close();
    throw error;
  }
}
