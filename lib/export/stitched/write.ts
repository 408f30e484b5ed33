// The stitched model as a folder that Python's AutoModelForCausalLM loads with trust_remote_code=True.
import { readJson, type SaveOptions, saveWeights, TORCH_DTYPES } from "../../huggingface/mod.ts";
import { checkWeights, type HostWeights, type ModelConfig } from "../../model/mod.ts";
import { placeStitches, type StitchConfig, type StitchFile } from "../../stitch/mod.ts";
import { copyBesideWeights } from "../beside-weights.ts";
import { namedWeights } from "./weights.ts";

/** A stitched model to write, as `openStitches()` opens it. */
export interface StitchedToWrite {
  /** The shape of its decoders. */
  readonly model: ModelConfig;
  /** Names of the decoders, the hub's first. */
  readonly names: readonly string[];
  /** Weights of the decoders in the same order. */
  readonly weights: readonly HostWeights[];
  readonly file: Pick<StitchFile, "config" | "stitches">;
  /** The model folder of the hub: the whole has its tokenizer and special tokens. */
  readonly hubFolder: string;
}

/** The code that goes with every stitched model. */
const CODE = new URL("./modeling_stitched.py", import.meta.url);
const MODULE = "modeling_stitched";

/** Keys of a decoder's `config.json` that say nothing about a decoder inside the whole. */
const OF_THE_WHOLE = ["architectures", "torch_dtype", "use_cache", "bos_token_id", "eos_token_id", "pad_token_id"];

/**
 * Writes a stitched model: its weights as safetensors, `config.json`, `modeling_stitched.py`, and the hub's tokenizer files
 * and `generation_config.json`. In Python, `AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)` loads it.
 *
 * Matrices of frozen models are rounded as `stitch.frozen` says.
 *
 * @param folder an existing, empty folder; if an error is thrown, some files may be in it
 * @throws UserError when the weights do not fit the model, or a file cannot be written
 */
export async function writeStitched(
  folder: string,
  { model, names, weights, file: { config: stitch, stitches }, hubFolder }: StitchedToWrite,
  options: SaveOptions = {},
): Promise<void> {
  weights.forEach((one, i) => checkWeights(model, one, `The model "${names[i]}"`));
  const places = placeStitches(stitch, model.layers);
  await saveWeights(folder, namedWeights({ model, decoders: weights, stitch, stitches, places }), options);
  await Deno.writeTextFile(`${folder}/${MODULE}.py`, await Deno.readTextFile(CODE));
  await copyBesideWeights(hubFolder, folder);
  const hub = await readJson(`${hubFolder}/config.json`);
  const ofWhole = (wanted: boolean) =>
    Object.fromEntries(Object.entries(hub).filter(([key]) => OF_THE_WHOLE.includes(key) === wanted));
  const config = {
    ...ofWhole(true),
    architectures: ["StitchedForCausalLM"],
    model_type: "stitched",
    auto_map: { AutoConfig: `${MODULE}.StitchedConfig`, AutoModelForCausalLM: `${MODULE}.StitchedForCausalLM` },
    torch_dtype: TORCH_DTYPES[options.dtype ?? "F32"],
    members: names,
    member: { ...ofWhole(false), tie_word_embeddings: model.tiedEmbeddings },
    stitches: places.map(({ kind, after, into }) => ({ kind, after, into: into === undefined ? 0 : 1 })),
    stitch: stitchSettings(stitch),
  };
  // Last, so that a folder that has it is complete.
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config, null, 2) + "\n");
}

/** The settings that decide what a stitch computes. */
function stitchSettings({ gates, initialization, rank, expertAfterE2H }: StitchConfig) {
  return { gates, gate_bias: initialization === "hub-preserving", rank, expert_after_e2h: expertAfterE2H };
}
