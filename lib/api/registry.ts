// The models that the API serves, by name.
import type { Tokenizer } from "../data/mod.ts";
import type { ChatTemplate } from "../huggingface/mod.ts";
import type { Constraints, InferenceEngine, ModelGates } from "../infer/mod.ts";

/** A model that is loaded. */
export interface ServedModel {
  readonly engine: InferenceEngine;
  readonly tokenizer: Tokenizer;
  /** Most tokens of a prompt and what follows it, together. */
  readonly contextLength: number;
  /** Ids of the tokens that open a text. A chat template writes them itself. */
  readonly opening: readonly number[];
  /** Ids of the tokens that end a text. */
  readonly ends: readonly number[];
  /** Absent for a model that is not made for conversations. */
  readonly chatTemplate?: ChatTemplate | undefined;
  readonly constraints: Constraints;
  /** The models that it weighs, for a model that is made of several. */
  readonly gates?: ModelGates | undefined;
  /** Whether it has experts that may rest. @default false */
  readonly canRest?: boolean | undefined;
}

/** A model that can be loaded. */
export interface ListedModel {
  /** As clients call it: `smollm2`, `my-run/bts`. */
  readonly name: string;
  /** When it was made, in seconds since 1970. */
  readonly created: number;
  /** Most tokens of a prompt and what follows it, if that is known before it is loaded. */
  readonly contextLength?: number | undefined;
  /** The run that it is a model of; undefined for a model of its own. */
  readonly ofRun?: ModelOfRun | undefined;
}

/** What a model is in its run. */
export interface ModelOfRun {
  /** The run's id. */
  readonly run: string;
  /** The model's name there. */
  readonly model: string;
  /** Whether it has gates. */
  readonly gates: boolean;
  /** Whether requests may switch off single models that it is made of. */
  readonly switchable: boolean;
}

/** Finds and loads models. */
export interface ModelRegistry extends AsyncDisposable {
  /** All models; the first is the default where a request need not name one. At least one. */
  readonly models: readonly ListedModel[];
  /** What is loaded now, by name. */
  loaded(): ReadonlyMap<string, ServedModel>;
  /**
   * A model, loaded if it is not yet. It stays loaded until what is returned is disposed of.
   *
   * @param name one of {@linkcode models}
   * @throws UserError if it cannot be loaded
   */
  open(name: string): Promise<Lease>;
}

/** A model in use. */
export interface Lease extends Disposable {
  readonly model: ServedModel;
}
