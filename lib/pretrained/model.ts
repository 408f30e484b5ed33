// What is known of a model that was trained elsewhere, before its weights are read.
import type { TokenizerJson } from "../data/mod.ts";
import type { ChatTemplate, GenerationConfig, SpecialIds } from "../huggingface/mod.ts";
import type { HostWeights, ModelConfig, OwnedWeights, WeightFormat } from "../model/mod.ts";

/** A model that was trained elsewhere. Its shape, tokenizer and weights fit together. */
export interface PretrainedModel {
  /** The folder or file, as given; for a model on the hub its id and commit, `org/model@<commit>`. */
  readonly source: string;
  /** `vocabSize` is the number of rows of the embedding table, which may be padded beyond the tokenizer's vocabulary. */
  readonly config: ModelConfig;
  readonly tokenizer: TokenizerJson;
  readonly special: SpecialIds;
  /** In Jinja. */
  readonly chatTemplate?: string;
  /** Special tokens by the names that chat templates give them, such as `bos_token`. */
  readonly chatTokens: ChatTemplate["tokens"];
  /** What its `generation_config.json` says besides the special tokens, such as several ids of tokens that end a text. */
  readonly generation?: GenerationConfig;
  /** Reads the weights as float32. */
  readonly load: () => Promise<HostWeights>;
  /** Puts the weights on the device for inference, by default exactly as they are stored where a format can hold that. */
  readonly loadOnDevice: (format?: WeightFormat) => Promise<OwnedWeights>;
}
