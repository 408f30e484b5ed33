// Weights and tokenizers in and out: safetensors files and Hugging Face model folders.
export type { Dtype, TensorData } from "./dtypes.ts";
export { DTYPE_BYTES } from "./dtypes.ts";
export { hashTensors } from "./hash.ts";
export type { SafetensorsHeader, TensorEntry } from "./header.ts";
export { fromHuggingFaceConfig, toHuggingFaceConfig } from "./llama-config.ts";
export type { LoadedModel, ModelToSave } from "./model-folder.ts";
export { loadModelFolder, saveModelFolder } from "./model-folder.ts";
export type { LoadedTensor, TensorToSave } from "./safetensors.ts";
export { readSafetensors, readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";
