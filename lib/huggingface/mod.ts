// Reading and writing Hugging Face model folders and safetensors files.
export type { Dtype, TensorData, WeightDtype } from "./dtypes.ts";
export {
  decodeWeights,
  DTYPE_BYTES,
  encodeWeights,
  isWeightDtype,
  overflowAt,
  TORCH_DTYPES,
  WEIGHT_DTYPES,
} from "./dtypes.ts";
export { exists, openForReading, readBytes, readingError, readJson, writeAtomically } from "./files.ts";
export { changeJson, type JsonChange } from "./python-json.ts";
export { hashTensors } from "./hash.ts";
export { jsonTextSchema } from "./json-text.ts";
export { headerLength, parseHeader, type SafetensorsHeader, type TensorEntry } from "./header.ts";
export { fromHuggingFaceConfig, type SpecialIds } from "./llama-config.ts";
export { endIds, type GenerationConfig, readGenerationConfig } from "./generation-config.ts";
export type { LoadedModel, ModelToSave } from "./model-folder.ts";
export { loadModelFolder, saveCompanions, saveModelFolder, specialIds, specialNames } from "./model-folder.ts";
export { readSentencePiece } from "./sentencepiece.ts";
export { readTokenizer } from "./tokenizer-file.ts";
export { ropeParameters } from "./rope.ts";
export type { LoadedTensor, PlannedTensor, TensorToSave } from "./safetensors.ts";
export { readSafetensors, readSafetensorsHeader, writeSafetensors } from "./safetensors.ts";
export { loadOnDevice, openStoredModel, type StoredModel, storedWeights } from "./stored-model.ts";
export { openWeightFiles, type WeightFiles } from "./weight-files.ts";
export { SHARD_BYTES, writeWeightFiles, type WrittenWeights } from "./weight-writer.ts";
export { asOutError, checkTarget, openTarget, type Output, type Target } from "./output-folder.ts";
export { type SaveOptions, saveWeights } from "./save-weights.ts";
export { type RemoteCode, remoteCode, STITCHED_MODEL_TYPE } from "./remote-code.ts";
export { readShardIndex } from "./shard-index.ts";
export { renderAnswers, type RenderedAnswers } from "./chat-answers.ts";
export {
  type ChatMessage,
  type ChatTemplate,
  readChatTemplate,
  renderChat,
  type RenderOptions,
} from "./chat-template.ts";
export type { JsonTextSchema } from "./inferred-types.ts";
