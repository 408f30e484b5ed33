// Reading and writing GGUF files, the format of llama.cpp.
export type { GgufHeader, GgufTensor } from "./header.ts";
export { type GgufFile, openGguf } from "./open.ts";
export { ggufModel, ggufModelConfig, type LoadedGguf, loadGguf, loadGgufOnDevice, type OpenGgufModel } from "./load.ts";
export type { GgufExperts } from "./experts.ts";
export { dequantize } from "./dequantize.ts";
export { bytesOf, type GgufType, type Metadata, type MetadataValue, TENSOR_TYPES, TYPE_NAMES } from "./types.ts";
export { chatTemplate, type GgufTokenizer, hasTokenizer, tokenizerOf } from "./tokenizer.ts";
export { quantize, WRITTEN_TYPES, type WrittenType } from "./quantize.ts";
export { checkGguf, type GgufToSave, saveGguf, type SaveGgufOptions } from "./save.ts";
