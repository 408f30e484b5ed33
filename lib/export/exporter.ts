// What can write one model of a run, and which of its formats there are.
import type { ModelConfig } from "../model/mod.ts";
import type { License } from "../pretrained/mod.ts";

/** The programs that models are written for. */
export const FORMATS = ["hf", "gguf"] as const;
export type Format = typeof FORMATS[number];

/** The types of weights, and the formats that have them. */
export const EXPORT_DTYPES = {
  f32: ["hf", "gguf"],
  bf16: ["hf", "gguf"],
  f16: ["hf", "gguf"],
  q8_0: ["gguf"],
} as const satisfies Readonly<Record<string, readonly Format[]>>;
export type ExportDtype = keyof typeof EXPORT_DTYPES;

/** Bytes of a weight; of Q8_0, whose blocks of 32 weights have 34 bytes, on average. */
export const bytesPerWeight = (dtype: ExportDtype): number => ({ f32: 4, bf16: 2, f16: 2, q8_0: 34 / 32 })[dtype];

/** What a format is called. */
export const FORMAT_TITLES: Readonly<Record<Format, string>> = { hf: "a Hugging Face folder", gguf: "GGUF" };

/** Options of writing. */
export interface WriteOptions {
  /** Called before each weight, with the bytes written so far. Throwing stops. */
  readonly onWeight: (bytes: number) => void;
}

/** A model of a run, opened without its weights. */
export interface Exporter {
  /** Names of the trained models that it is made from. */
  readonly madeFrom: readonly string[];
  /** The cell that trained what joins them, if one did. */
  readonly trainedIn?: string;
  readonly parameters: { readonly total: number; readonly active: number };
  /** The shape of its decoders. */
  readonly config: ModelConfig;
  /** Of its decoders: `llama`. */
  readonly family: string;
  /** Whether a text must begin with BOS, which the tokenizer does not add. */
  readonly beginsWithBos: boolean;
  /** Whether transformers needs code that is in the folder. */
  readonly trustRemoteCode: boolean;
  /** About how many bytes it takes. */
  bytes(dtype: ExportDtype): number;
  /**
   * Writes a folder for transformers.
   *
   * @returns the content hash of the weights, if it is one decoder
   */
  writeFolder(folder: string, dtype: ExportDtype, options: WriteOptions): Promise<string | undefined>;
  /** @throws UserError `gguf.*` when llama.cpp has no such model */
  checkGguf?(path: string): void;
  /** Writes a file for llama.cpp; left out if it has no such model. */
  writeGguf?(
    path: string,
    dtype: ExportDtype,
    options: WriteOptions & { readonly title: string; readonly license: License | undefined },
  ): Promise<string | undefined>;
}
